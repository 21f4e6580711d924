import { isCancellation, log } from '@temporalio/workflow';
import type { RunStatus } from '../contracts/constants.ts';
import type { RunError } from '../contracts/run-view.ts';
import { troubleOf } from './failures.ts';
import type { Run } from './run.ts';

/** In these a run has not come to its end, and its draft stays one. */
const STOPPED: readonly RunStatus[] = ['parked', 'failed', 'cancelled', 'timed_out'];

/** Says how the run stands where people look: on the issue, and on a draft that it leaves behind. The ledger knows it already. */
export async function tellPeople(run: Run, trouble?: RunError): Promise<void> {
  // The last word is to be the last state.
  await run.recorder.settled();
  await commentOn(run, trouble);
  const { drafted, published, view } = run.state;
  const isLeft = STOPPED.includes(view.status) || view.outcome === 'no_changes';
  if (!drafted || !published || !isLeft) return;
  const { repository, id: runId } = run.input;
  const input = { repository, runId, branch: published.branch, viewVersion: run.recorder.recorded, ...(trouble ? { trouble } : {}) };
  await unlessCancelled('The draft could not be brought up to date', async () => {
    await run.orchestrator(`draft · ${view.status}`).updateDraft(input);
  });
}

/** Brings the living comment and the labels of the issue up to date beside the next phase, once the ledger knows what there is to tell. */
export function commentSoon(run: Run): void {
  run.recorder.onceRecorded(async () => {
    try {
      await commentOn(run);
    } catch (error) {
      // The run was cancelled; its end is told by another comment.
      if (!isCancellation(error)) throw error;
    }
  });
}

/** A comment never stops a run, nor does a label. */
async function commentOn(run: Run, trouble?: RunError): Promise<void> {
  const { issue, repository, id: runId } = run.input;
  if (!issue) return;
  const labels = run.state.settings?.issueLabels;
  const input = {
    issue: { tracker: issue.tracker, repository, key: issue.key },
    runId,
    viewVersion: run.recorder.recorded,
    ...(trouble ? { trouble } : {}),
    ...(labels ? { labels } : {}),
  };
  await unlessCancelled('The issue could not be brought up to date', async () => {
    await run.orchestrator(`comment · ${run.state.view.status}`).commentProgress(input);
  });
}

async function unlessCancelled(otherwise: string, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn(otherwise, { trouble: troubleOf(error) });
  }
}
