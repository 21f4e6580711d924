import { isCancellation, log, proxyLocalActivities } from '@temporalio/workflow';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import type { RunStatus } from '../contracts/constants.ts';
import type { RunError } from '../contracts/run-view.ts';
import type { OrchestratorActivities } from '../contracts/work.ts';
import { troubleOf } from './failures.ts';
import { lastWordProfile } from './profiles.ts';
import type { Run } from './run.ts';

/** In these a run has not come to its end, and its draft stays one. */
const STOPPED: readonly RunStatus[] = ['parked', 'failed', 'cancelled', 'timed_out'];

/** Says how the run stands where people look: on the issue, and on a draft that it leaves behind. The ledger knows it already. */
export async function tellPeople(run: Run, trouble?: RunError): Promise<void> {
  // The last word is to be the last state.
  await run.recorder.settled();
  const { drafted, published, view } = run.state;
  const isClosed = CLOSED_STATUSES.includes(view.status);
  await commentOn(run, isClosed ? lastWord : (summary) => run.orchestrator(summary), trouble);
  await notify(run, trouble);
  const isLeft = STOPPED.includes(view.status) || view.outcome === 'no_changes';
  if (!drafted || !published || !isLeft) return;
  const { repository, id: runId } = run.input;
  const close = view.status === 'cancelled' && run.state.settings?.pullRequest.onCancel === 'close';
  const told = { viewVersion: run.recorder.recorded, ...(trouble ? { trouble } : {}), ...(close ? { close } : {}) };
  const input = { repository, runId, branch: published.branch, ...told };
  await unlessCancelled('The draft could not be brought up to date', async () => {
    await run.orchestrator(`draft · ${view.status}`).updateDraft(input);
  });
}

/** The end, or that only a person can help on: whoever has asked for it is told. */
async function notify(run: Run, trouble?: RunError): Promise<void> {
  const { status, approval } = run.state.view;
  if (status === 'parked') await run.notices.now('run.parked', trouble);
  else if (approval) await run.notices.now('run.waiting');
  else if (run.notices.wants('run.completed')) await run.notices.now('run.completed', trouble);
  // The execution ends, or rests, with nothing left to tell.
  else await run.notices.settled();
}

/** Brings the living comment and the labels of the issue up to date beside the next phase, once the ledger knows what there is to tell. */
export function commentSoon(run: Run): void {
  run.recorder.onceRecorded(async () => {
    try {
      const over = await commentOn(run, (summary) => run.orchestrator(summary), undefined, { look: true });
      if (over) run.withdraw(over);
    } catch (error) {
      // The run was cancelled; its end is told by another comment.
      if (!isCancellation(error)) throw error;
    }
  });
}

type Commenting = Pick<OrchestratorActivities, 'commentProgress'>;

/** Of a closed run nothing is left to decide that it could hold up: the worker that decides does it, in one event instead of six. */
const lastWord = (summary: string): Commenting => proxyLocalActivities<Commenting>({ ...lastWordProfile, summary });

/** A comment never stops a run, nor does a label. */
async function commentOn(
  run: Run,
  by: (summary: string) => Commenting,
  trouble?: RunError,
  options: { look?: true } = {},
): Promise<string | undefined> {
  const { issue, repository, id: runId } = run.input;
  if (!issue) return undefined;
  const labels = run.state.settings?.issueLabels;
  const input = {
    issue: { tracker: issue.tracker, repository, key: issue.key },
    runId,
    viewVersion: run.recorder.recorded,
    ...(trouble ? { trouble } : {}),
    ...(labels ? { labels } : {}),
    ...options,
  };
  return unlessCancelled('The issue could not be brought up to date', async () => {
    const now = await by(`comment · ${run.state.view.status}`).commentProgress(input);
    return now?.over;
  });
}

async function unlessCancelled<T>(otherwise: string, body: () => Promise<T>): Promise<T | undefined> {
  try {
    return await body();
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn(otherwise, { trouble: troubleOf(error) });
    return undefined;
  }
}
