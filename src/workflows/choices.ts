import type { EngineName, PhaseName } from '../contracts/constants.ts';
import type { RunInput } from '../contracts/run-input.ts';
import type { AgentChoice, RunSettings, RunState } from '../contracts/run-state.ts';
import { park } from './failures.ts';

/**
 * Who works in a phase: what was asked for, else what a label chooses, else the phase's own setting, else the repository's, else the
 * installation's. A model belongs to the engine that its place stands for: it is not given to another.
 */
export function engineOf(input: RunInput, settings: RunSettings, phase: PhaseName): { engine: EngineName; model?: string } {
  const { engineFrom, modelOf } = choicesOf(input, settings, phase);
  const engine = engineFrom(0);
  return { engine, ...modelOf(engine) };
}

/** The engine of a phase, and those that go on in its place, in order. */
export function enginesOf(input: RunInput, settings: RunSettings, phase: PhaseName): [EngineName, ...EngineName[]] {
  const { engine } = engineOf(input, settings, phase);
  return [engine, ...(settings.failover ?? input.failover ?? []).filter((other) => other !== engine)];
}

/** The model of an engine that works in a phase, whether it was chosen or goes on for another. */
export const modelOf = (input: RunInput, settings: RunSettings, phase: PhaseName, engine: EngineName): { model?: string } =>
  choicesOf(input, settings, phase).modelOf(engine);

function choicesOf(input: RunInput, settings: RunSettings, phase: PhaseName) {
  const { requested = {}, labelled = {}, engine: installed, model: installedModel } = input;
  const installation = { engine: installed, ...(installedModel ? { model: installedModel } : {}) };
  const choices: AgentChoice[] = [requested, labelled, settings.byPhase[phase] ?? {}, settings, installation];
  const engineFrom = (place: number): EngineName => choices.slice(place).find((choice) => choice.engine)?.engine ?? installed;
  const modelOf = (engine: EngineName): { model?: string } => {
    const model = choices.find((choice, place) => choice.model && engineFrom(place) === engine)?.model;
    return model ? { model } : {};
  };
  return { engineFrom, modelOf };
}

/** Whether a phase is switched off: by a label, else by the repository, else by the installation. */
export function isSwitchedOff(
  { pipeline, labelled = {}, phasesOff: installation }: Pick<RunInput, 'pipeline' | 'labelled' | 'phasesOff'>,
  settings: RunSettings | undefined,
  phase: PhaseName,
): boolean {
  // A phase alone was asked for by its name.
  if (pipeline === phase) return false;
  for (const { phasesOff = [], phasesOn = [] } of [labelled, settings ?? {}]) {
    if (phasesOff.includes(phase)) return true;
    if (phasesOn.includes(phase)) return false;
  }
  return installation.includes(phase);
}

/** What a step may cost that has cost so much already. Parks the run when nothing is left. */
export function budgetLeft({ requested, labelled, budgetUsd }: RunInput, { view, settings }: RunState, spent = 0): { budgetUsd?: number } {
  const budget = requested?.budgetUsd ?? labelled?.budgetUsd ?? settings?.limits.budgetUsd ?? budgetUsd;
  if (budget === undefined) return {};
  view.budgetUsd = budget;
  const left = budget - view.costUsd;
  if (left > 0) return { budgetUsd: left + spent };
  throw park({
    code: 'engine_budget_exhausted',
    message: `The run has spent $${view.costUsd.toFixed(2)} of its $${budget.toFixed(2)}.`,
    hint: '`belay retry --budget` with a higher amount goes on.',
  });
}
