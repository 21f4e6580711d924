import { continueAsNew } from '@temporalio/workflow';
import type { PhaseName } from '../contracts/constants.ts';
import type { RunInput } from '../contracts/run-input.ts';
import type { Kept, RunState } from '../contracts/run-state.ts';
import type { PhaseView, RunView } from '../contracts/run-view.ts';
import type { RollbackOrder } from './messages.ts';
import type { Run } from './run.ts';
import { findBy } from './search-attributes.ts';

/** How a person has a parked run go on. */
export interface GoOnOrder {
  phase?: PhaseName;
  budgetUsd?: number;
  rollback?: RollbackOrder;
}

/** A fresh Temporal execution: after a long wait the run goes on with the newest code. */
export async function goOn(run: Run, { phase, budgetUsd, rollback }: GoOnOrder): Promise<never> {
  const { state, results, input, versions } = run;
  const before = { ...state.results };
  if (rollback) versions.restore(rollback.version);
  else if (phase) forget(run, phase);
  else dropUnfinished(run);
  for (const shown of state.view.phases) showPhase(shown, { before: before[shown.name], now: results.get(shown.name) });
  showEvidence(state);
  delete state.view.parkedSince;
  delete state.view.parkedUntil;
  state.workedMs = 0;
  if (rollback) versions.note('rolled_back', { to: rollback.version, ...(rollback.by ? { by: rollback.by } : {}) });
  else versions.note('retried', phase ? { phase } : {});
  // The execution that ends here stays in Temporal's lists: not as one that waits for a person.
  findBy({ status: 'running' });
  return continueAsNew<(next: RunInput) => Promise<RunView>>({ ...newestBase(input, state), ...raised(input, budgetUsd), state });
}

/** The phase that failed begins again, with the work that it left. */
function dropUnfinished({ state, results }: Run): void {
  const failed = failedPhase(state);
  if (failed) results.dropInside(failed);
}

/** Goes back to before a phase: what it and the later ones gave is not known any more. */
function forget({ results, state, input, versions }: Run, phase: PhaseName): void {
  if (results.dropFrom(phase)) versions.restoreEvidence();
  const gave = (name: PhaseName): boolean => state.view.phases.some((shown) => shown.name === name) && !results.get(name);
  if (gave('classify') && !input.issueClass) delete state.view.issueClass;
  if (gave('plan') && !input.plan) delete state.view.plan;
  if (gave('review')) delete state.view.review;
  // Nothing is left of the run: its issue is read anew too, which only another host may have.
  if (Object.keys(state.results).length === 0) delete state.issueArtifact;
}

/** A phase without a result is to be done; one that has its old result again is done. */
function showPhase(shown: PhaseView, { before, now }: { before: Kept | undefined; now: Kept | undefined }): void {
  if (!now && shown.status !== 'skipped') shown.status = 'pending';
  if (!now || JSON.stringify(now) === JSON.stringify(before)) return;
  shown.status = 'completed';
  delete shown.error;
  const { summary } = now.value as { summary?: string };
  if (summary !== undefined) shown.summary = summary;
}

/** Another check than the one that holds now is not shown with the tests. */
function showEvidence({ view, evidence }: RunState): void {
  const shown = view.phases.find(({ name, status }) => name === 'test' && status === 'completed');
  if (shown && evidence) shown.evidence = evidence;
}

/** The phase that stopped the run. */
export const failedPhase = ({ view, results }: RunState): PhaseName | undefined =>
  view.phases.find(({ name, status }) => status === 'failed' && !results[name])?.name;

/** What a person allows the run to cost from here on. */
export const raised = ({ requested }: RunInput, budgetUsd: number | undefined): Pick<RunInput, 'requested'> =>
  budgetUsd === undefined ? {} : { requested: { ...requested, budgetUsd } };

/** A run that never had a workspace may have parked for what its base holds, which a person has mended there since. */
function newestBase({ baseSha, ...input }: RunInput, { view }: RunState): RunInput {
  const isFixed = view.baseSha !== undefined || input.base === undefined || input.continues?.commit !== undefined;
  return { ...input, ...(isFixed && baseSha ? { baseSha } : {}) };
}
