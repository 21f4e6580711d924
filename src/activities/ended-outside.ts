import { CLOSED_STATUSES, STATUS_QUERY } from '../contracts/constants.ts';
import { endedOutside } from '../contracts/ended-outside.ts';
import { repositoryOfRun } from '../contracts/repository.ts';
import type { TrackerName } from '../contracts/repository.ts';
import type { RunSettings } from '../contracts/run-state.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { Dependencies } from './dependencies.ts';
import { progressActivities } from './progress.ts';
import { readSettings } from './settings.ts';

export type EndedDependencies = Pick<Dependencies, 'client' | 'ledger' | 'files' | 'forges' | 'trackers' | 'mirrors'>;

type ClosedAs = 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'TERMINATED' | 'TIMED_OUT';

const ABANDONED_MS = 60 * 60_000;
const CLOSED: readonly string[] = ['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT'] satisfies ClosedAs[];
/** After these a run had no time for a last word. */
const AT_ONCE: readonly string[] = ['TERMINATED', 'TIMED_OUT'] satisfies ClosedAs[];

/**
 * Does for a run what it cannot do itself after Temporal closed it without its doing, as by a terminate: the ledger, the issue and a draft
 * say so. A run that is open, or has said all itself, is left alone.
 */
export async function settleEnded(deps: EndedDependencies, runId: string): Promise<void> {
  const { workflowId } = await deps.ledger.getRun(runId);
  const execution = await deps.client.workflow.getHandle(workflowId).describe();
  // Only now: what a run records itself it records before it closes.
  const known = await deps.ledger.getRun(runId);
  const isNewest = execution.memo?.['runId'] === runId;
  const as = execution.status.name;
  if (isNewest && !CLOSED.includes(as)) return;
  // Only reserved: it is about to begin in the place of an earlier run.
  if (!isNewest && known.version < 0) return discardIfAbandoned(deps, known);
  if (!CLOSED_STATUSES.includes(known.status)) {
    const last = isNewest && !AT_ONCE.includes(as) ? await ownWord(deps, workflowId, execution.runId) : known;
    const at = (isNewest && execution.closeTime) || new Date();
    const ended = CLOSED_STATUSES.includes(last.status)
      ? last
      : endedOutside(last, { as: isNewest ? as : 'a later run has taken its place', at });
    await deps.ledger.recordRun(ended);
  }
  // The issue of a run whose place another has is that one's.
  if (isNewest && AT_ONCE.includes(as)) await tell(deps, await deps.ledger.getRun(runId));
}

/** A start takes seconds; of one that died, or whose answer was lost, an id is left that nothing begins under any more. */
export async function discardIfAbandoned(
  { ledger }: Pick<EndedDependencies, 'ledger'>,
  { id, version, createdAt }: RunView,
): Promise<void> {
  if (version < 0 && Date.now() - Date.parse(createdAt) > ABANDONED_MS) await ledger.discardReservation(id);
}

/** What a run said of itself before it closed; the ledger may have missed it. */
const ownWord = async ({ client }: EndedDependencies, workflowId: string, executionId: string): Promise<RunView> =>
  client.workflow.getHandle(workflowId, executionId).query<RunView>(STATUS_QUERY);

/** As the run itself does at its end. */
async function tell(deps: EndedDependencies, view: RunView): Promise<void> {
  const trouble = view.errors.findLast(({ code }) => code === 'run_terminated');
  if (!trouble) return;
  const { commentProgress, updateDraft } = progressActivities(deps);
  const { id: runId, issue, branch, pullRequest } = view;
  const repository = repositoryOfRun(view);
  const settings = await settingsOf(deps, view);
  if (issue) {
    const ref = { tracker: issue.tracker as TrackerName, repository, key: issue.key };
    await commentProgress({ issue: ref, runId, trouble, ...(settings?.issueLabels ? { labels: settings.issueLabels } : {}) });
  }
  if (branch && pullRequest) {
    await updateDraft({ repository, runId, branch, trouble, ...(settings?.pullRequest.onCancel === 'close' ? { close: true } : {}) });
  }
}

/** Undefined for a run that never had a workspace, or on another host. */
async function settingsOf({ mirrors }: EndedDependencies, view: RunView): Promise<RunSettings | undefined> {
  if (!view.baseSha) return undefined;
  const mirror = await mirrors.open(repositoryOfRun(view));
  return (await mirror.hasCommit(view.baseSha)) ? (await readSettings(mirror, view.baseSha)).run : undefined;
}
