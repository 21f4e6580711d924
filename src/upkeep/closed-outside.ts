import { settleEnded } from '../activities/ended-outside.ts';
import type { EndedDependencies } from '../activities/ended-outside.ts';
import { CLOSED_STATUSES, ORCHESTRATOR_QUEUE, RUN_STATUSES } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';

/** More open runs than this on one machine are not looked through. */
const MANY = 10_000;
/** Of what was closed in between; a service that is shared may have closed a lot. */
const AT_ONCE = 200;

/** Looks at every run that the ledger has as open: some may have been ended while no worker was there to notice. */
export async function settleOpenRuns(deps: EndedDependencies, signal?: AbortSignal): Promise<number> {
  const open = RUN_STATUSES.filter((status) => !CLOSED_STATUSES.includes(status));
  let settled = 0;
  for (const { id } of await deps.ledger.listRuns({ status: open, limit: MANY })) {
    if (signal?.aborted) break;
    if (await settleIfKnown(deps, id)) settled++;
  }
  return settled;
}

/**
 * Settles runs that were terminated since then, wherever they stood: one that holds no workspace has no host that would notice. The list
 * only says where to look, for it is late at times.
 */
export async function settleTerminated(deps: EndedDependencies, { since }: { since: Date }): Promise<number> {
  const query = `TaskQueue = '${ORCHESTRATOR_QUEUE}' AND ExecutionStatus IN ('Terminated', 'TimedOut') AND CloseTime >= '${since.toISOString()}'`;
  let settled = 0;
  let seen = 0;
  for await (const { memo } of deps.client.workflow.list({ query })) {
    const runId = memo?.['runId'];
    if (typeof runId === 'string' && (await settleIfKnown(deps, runId))) settled++;
    if (++seen >= AT_ONCE) break;
  }
  return settled;
}

/** Runs of other homes, and those that Temporal has forgotten, are nothing to this one. */
async function settleIfKnown(deps: EndedDependencies, runId: string): Promise<boolean> {
  try {
    return await settleEnded(deps, runId);
  } catch (error) {
    if (error instanceof BelayError && error.code === 'invalid_input') return false;
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return false;
    throw error;
  }
}
