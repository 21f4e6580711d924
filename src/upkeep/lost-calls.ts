import { WorkflowNotFoundError } from '@temporalio/client';
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { failAttempt } from '../activities/attempts.ts';
import type { Dependencies } from '../activities/dependencies.ts';
import { CLOSED_STATUSES, RUN_STATUSES } from '../contracts/constants.ts';

type LostCallsDependencies = Pick<Dependencies, 'client' | 'ledger' | 'host'>;

/** More open runs than this on one machine are not looked through. */
const MANY = 10_000;
/** PENDING_ACTIVITY_STATE_STARTED of Temporal's protocol. */
const STARTED = 2;

/**
 * Reports as failed what Temporal gave to the worker before this one just as that worker stopped, so that it never arrived and nothing
 * notes it: such a call would only be given again once its time limit is over. Resolves to how many were reported. That one alone: of
 * others with this host's id, as a cloned home has it, it cannot be said that they have stopped.
 */
export async function failLostCalls({ client, ledger, host }: LostCallsDependencies, signal: AbortSignal): Promise<number> {
  const open = RUN_STATUSES.filter((status) => !CLOSED_STATUSES.includes(status));
  let failed = 0;
  for (const { workflowId } of await ledger.listRuns({ status: open, limit: MANY })) {
    if (signal.aborted) break;
    const execution = await describeIfThere(client, workflowId);
    if (!execution) continue;
    for (const activityId of lostIn(execution, host)) {
      if (await failAttempt(client, { workflowId, runId: execution.runId, activityId })) failed++;
    }
  }
  return failed;
}

function lostIn({ raw }: WorkflowExecutionDescription, { former }: Dependencies['host']): string[] {
  return (raw.pendingActivities ?? []).flatMap(({ activityId, state, lastWorkerIdentity }) =>
    activityId && Number(state) === STARTED && lastWorkerIdentity && former.includes(lastWorkerIdentity) ? [activityId] : [],
  );
}

/** Runs of other homes, and those that Temporal has forgotten, are nothing to this one. */
async function describeIfThere(
  { workflow }: Dependencies['client'],
  workflowId: string,
): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
