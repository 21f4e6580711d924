import { isCancellation, log } from '@temporalio/workflow';
import type { RunError } from '../contracts/run-view.ts';
import { troubleOf } from './failures.ts';
import type { Run } from './run.ts';

/** Brings the living comment on the issue up to date. A comment never stops a run. */
export async function commentOn(run: Run, trouble?: RunError): Promise<void> {
  const { issue, repository, id: runId } = run.input;
  if (!issue) return;
  // The comment tells what the ledger knows of the run.
  await run.record();
  try {
    const input = { issue: { tracker: issue.tracker, repository, key: issue.key }, runId, ...(trouble ? { trouble } : {}) };
    await run.orchestrator(`comment · ${run.state.view.status}`).commentProgress(input);
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('The progress comment could not be written', { trouble: troubleOf(error) });
  }
}
