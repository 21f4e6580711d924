import type { PhaseName, PipelineName } from '../contracts/constants.ts';
import type { LabelledChoices } from '../contracts/run-input.ts';
import { plainLine } from '../contracts/text.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import type { LabelChoice, RepositorySettings } from '../repository-settings.ts';

/** What the labels of an issue choose; nothing where the repository gives them no meaning. */
export interface ChoiceByLabels {
  /** Where none was asked for with the run. */
  pipeline?: PipelineName;
  /** For the run's input; unset where the labels choose nothing of it. */
  labelled?: LabelledChoices;
  /** For people: which label chose what, and which was overruled. */
  notes: string[];
}

/** One thing that a label chooses; of several labels one decides about it. */
interface Decision {
  about: string;
  words: string;
  pipeline?: PipelineName;
  gives?: Omit<LabelledChoices, 'phasesOff' | 'phasesOn'>;
  off?: PhaseName;
  on?: PhaseName;
}

/** Where labels disagree, the one that comes first in the repository's settings wins, whatever their order on the issue. */
export function choiceByLabels({ labels, settings }: { labels: readonly string[]; settings: RepositorySettings }): ChoiceByLabels {
  const present = new Set(labels.map(normal));
  const decided = new Map<string, Decision & { by: string }>();
  const notes: string[] = [];
  for (const choice of settings.labels.filter(({ label }) => present.has(normal(label)))) {
    const by = quoted(choice.label);
    const all = decisionsOf(choice);
    const won = all.filter(({ about }) => !decided.has(about));
    for (const decision of won) decided.set(decision.about, { ...decision, by });
    if (won.length > 0) notes.push(`The label ${by} chooses ${won.map(({ words }) => words).join(', ')}.`);
    for (const { about, words } of all.filter((decision) => !won.includes(decision)))
      notes.push(`The label ${by} would choose ${words}, but ${decided.get(about)?.by} comes first in .belay.yml.`);
  }
  return { ...resultOf([...decided.values()]), notes };
}

function decisionsOf({ pipeline, engine, model, budgetUsd, priority, phasesOff, phasesOn }: LabelChoice): Decision[] {
  // Together: a model is one of its engine's.
  const agent = [engine, model].filter((name) => name !== undefined).join(' with ');
  return [
    ...(pipeline ? [{ about: 'pipeline', words: `the pipeline ${pipeline}`, pipeline }] : []),
    ...(agent ? [{ about: 'agent', words: `the agent ${agent}`, gives: withoutUndefined({ engine, model }) }] : []),
    ...(budgetUsd ? [{ about: 'budget', words: `a budget of $${budgetUsd.toFixed(2)}`, gives: { budgetUsd } }] : []),
    ...(priority ? [{ about: 'priority', words: `the priority ${priority}`, gives: { priority } }] : []),
    ...phasesOff.map((off) => ({ about: off, words: `no ${off} phase`, off })),
    ...phasesOn.map((on) => ({ about: on, words: `the phase ${on}`, on })),
  ];
}

function resultOf(decided: readonly Decision[]): Omit<ChoiceByLabels, 'notes'> {
  const phasesOff = decided.flatMap(({ off }) => off ?? []);
  const phasesOn = decided.flatMap(({ on }) => on ?? []);
  const labelled: LabelledChoices = {
    ...Object.assign({}, ...decided.map(({ gives }) => gives)),
    ...(phasesOff.length > 0 ? { phasesOff } : {}),
    ...(phasesOn.length > 0 ? { phasesOn } : {}),
  };
  const pipeline = decided.find((decision) => decision.pipeline)?.pipeline;
  return withoutUndefined({ pipeline, labelled: Object.keys(labelled).length > 0 ? labelled : undefined });
}

/** Trackers do not tell labels apart by their case. */
const normal = (label: string): string => label.trim().toLowerCase();

const quoted = (label: string): string => `"${plainLine(label, 60)}"`;
