import type { EarlierWork } from '../contracts/run-input.ts';
import type { Kept, RunState, RunVersion, VersionFacts } from '../contracts/run-state.ts';
import { changesBetween, stateAt } from '../contracts/versions.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';

type About = Pick<RunVersion, 'phase' | 'to' | 'by' | 'code'>;

/** How a run stood after each phase and each order of a person, so that it can go back there. */
export class Versions {
  readonly #state: RunState;

  constructor(state: RunState) {
    this.#state = state;
  }

  /** The number of the newest one. */
  get count(): number {
    return this.#all.length;
  }

  /** Adds how the run stands now. */
  note(what: RunVersion['what'], about: About = {}): void {
    this.#add(what, about);
  }

  /** The same where a phase has just been completed, and not where its result was there already. */
  noteResult(phase: NonNullable<RunVersion['phase']>): void {
    const known = stateAt(this.#all, this.count).results[phase];
    const kept = this.#state.results[phase];
    if (kept && JSON.stringify(kept) !== JSON.stringify(known)) this.note('completed', { phase });
  }

  /** The same for what the run was given of an earlier one; no host has said yet where it begins. */
  noteContinued({ commit: checkpoint, baseSha }: Pick<EarlierWork, 'commit' | 'baseSha'>): void {
    if (this.count === 0 && Object.keys(this.#state.results).length > 0)
      this.#add('continued', {}, withoutUndefined({ checkpoint, baseSha }));
  }

  /** Brings the state back to a version. Branch and pull request stay as others see them. */
  restore(version: number): void {
    const { results, facts } = stateAt(this.#all, version);
    this.#state.results = inOrder(this.#state, results);
    applyFacts(this.#state, facts);
  }

  /** The newest check of the present results and files, which going back to them has forgotten. */
  restoreEvidence(): void {
    const { checkpoint } = this.#state;
    const now = JSON.stringify(wholePhases(this.#state));
    const same = this.#all.map(({ version }) => stateAt(this.#all, version)).filter(({ results }) => JSON.stringify(results) === now);
    const evidence = same.findLast(({ facts }) => facts.checkpoint === checkpoint)?.facts.evidence;
    if (evidence) this.#state.evidence = evidence;
  }

  #add(what: RunVersion['what'], about: About, more: Partial<VersionFacts> = {}): void {
    const before = stateAt(this.#all, this.count);
    const results = changesBetween(before.results, wholePhases(this.#state));
    const facts = changesBetween(before.facts, { ...factsOf(this.#state), ...more });
    const changed = { ...(results ? { results } : {}), ...(facts ? { facts } : {}) };
    this.#state.versions = [...this.#all, { version: this.count + 1, at: new Date().toISOString(), what, ...about, ...changed }];
  }

  get #all(): readonly RunVersion[] {
    return this.#state.versions ?? [];
  }
}

/** Once a run has gone back, the checkpoint's history no longer holds all that it may go back to. */
export function commitsToKeep(versions: readonly RunVersion[] = []): { version: number; sha: string }[] {
  if (!versions.some(({ what }) => what === 'retried' || what === 'rolled_back')) return [];
  const found = versions.flatMap(({ version, facts }) => (facts?.checkpoint ? [{ version, sha: facts.checkpoint }] : []));
  return found.filter(({ sha }, index) => found.findIndex((each) => each.sha === sha) === index);
}

/** What lies inside an unfinished phase is not gone back to. */
function wholePhases({ results }: RunState): Record<string, Kept> {
  return Object.fromEntries(Object.entries(results).filter(([key]) => !key.includes('/')));
}

function inOrder({ view }: RunState, results: Partial<Record<string, Kept>>): Record<string, Kept> {
  return Object.fromEntries(
    view.phases.flatMap(({ name }) => {
      const kept = results[name];
      return kept ? [[name, kept]] : [];
    }),
  );
}

function factsOf({ view, checkpoint, evidence, merged, branchHead }: RunState): Partial<VersionFacts> {
  const { baseSha, issueClass, plan, review } = view;
  return withoutUndefined({ checkpoint, baseSha, issueClass, plan, review, evidence, merged, branchHead });
}

function applyFacts(state: RunState, { checkpoint, evidence, merged, branchHead: _kept, ...shown }: Partial<VersionFacts>): void {
  for (const name of ['checkpoint', 'evidence', 'merged'] as const) delete state[name];
  for (const name of ['baseSha', 'issueClass', 'plan', 'review', 'headSha'] as const) delete state.view[name];
  Object.assign(state, withoutUndefined({ checkpoint, evidence, merged }));
  Object.assign(state.view, shown, withoutUndefined({ headSha: checkpoint }));
}
