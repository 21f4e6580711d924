import { WorkflowNotFoundError } from '@temporalio/client';
import { discardIfAbandoned, settleEnded } from '../activities/ended-outside.ts';
import type { EndedDependencies } from '../activities/ended-outside.ts';
import { CLOSED_STATUSES, ORCHESTRATOR_QUEUE, RUN_STATUSES } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';

/** More open runs than this on one machine are not looked through. */
const MANY = 10_000;
/** Of what was closed in between; a service that is shared may have closed a lot. */
const AT_ONCE = 200;

/** Looks at every run that the ledger has as open: some may have been ended while no worker was there to notice. */
export async function settleOpenRuns(deps: EndedDependencies, signal: AbortSignal): Promise<void> {
  const open = RUN_STATUSES.filter((status) => !CLOSED_STATUSES.includes(status));
  for (const { id } of await deps.ledger.listRuns({ status: open, limit: MANY })) {
    if (signal.aborted) break;
    await settleIfKnown(deps, id);
  }
}

/**
 * Settles runs that were terminated since then, wherever they stood: one that holds no workspace has no host that would notice. The list
 * only says where to look, for it is late at times; what was looked at is added to `done`.
 */
export async function settleTerminated(deps: EndedDependencies, { since, done }: { since: Date; done: Set<string> }): Promise<void> {
  const query = `TaskQueue = '${ORCHESTRATOR_QUEUE}' AND ExecutionStatus IN ('Terminated', 'TimedOut') AND CloseTime >= '${since.toISOString()}'`;
  let seen = 0;
  for await (const { memo, runId: executionId } of deps.client.workflow.list({ query })) {
    if (++seen > AT_ONCE) break;
    const runId = memo?.['runId'];
    if (typeof runId !== 'string' || done.has(executionId)) continue;
    await settleIfKnown(deps, runId);
    done.add(executionId);
  }
}

/** Runs of other homes, and those that Temporal has forgotten, are nothing to this one. */
async function settleIfKnown(deps: EndedDependencies, runId: string): Promise<void> {
  try {
    await settleEnded(deps, runId);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return discardIfAbandoned(deps, await deps.ledger.getRun(runId));
    if (!(error instanceof BelayError && error.code === 'invalid_input')) throw error;
  }
}
