import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { ORCHESTRATOR_QUEUE, STATUS_QUERY, CLOSED_STATUSES } from '../contracts/constants.ts';
import { endedOutside } from '../contracts/ended-outside.ts';
import type { StepRecord } from '../contracts/records.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { StepRef } from '../contracts/work.ts';

/** What Temporal still has of a run. */
export interface RunHistory {
  runId: string;
  workflowId: string;
  /** The run's own word, or the last that it had; undefined where no worker could answer for it. */
  view?: RunView;
  /** Why there is no view. */
  problem?: string;
  /** Of all executions of the run, by number. */
  steps: StepRecord[];
}

interface Execution extends Pick<WorkflowExecutionInfo, 'workflowId' | 'status'> {
  executionId: string;
  closeTime: Date | undefined;
}

/** Goes through all runs that Temporal has a history of: one after another, for each answer has a worker play a run again. */
export async function* runHistories({ client, withSteps }: { client: Client; withSteps: boolean }): AsyncGenerator<RunHistory> {
  for (const [runId, executions] of await executionsByRun(client)) {
    const newest = executions.find(({ status }) => status.name !== 'CONTINUED_AS_NEW');
    if (!newest) continue;
    const told = await viewOf(client, newest).catch((error: unknown) => ({
      problem: error instanceof Error ? error.message : String(error),
    }));
    yield { runId, workflowId: newest.workflowId, ...told, steps: withSteps ? await stepsOf(client, executions) : [] };
  }
}

async function executionsByRun(client: Client): Promise<Map<string, Execution[]>> {
  const executions: (Execution & { runId: string })[] = [];
  for await (const { memo, workflowId, runId: executionId, status, closeTime } of client.workflow.list({
    query: `TaskQueue = '${ORCHESTRATOR_QUEUE}'`,
  })) {
    const runId = memo?.['runId'];
    if (typeof runId === 'string') executions.push({ runId, workflowId, executionId, status, closeTime });
  }
  return Map.groupBy(executions, ({ runId }) => runId);
}

async function viewOf(client: Client, { workflowId, executionId, status, closeTime }: Execution): Promise<{ view: RunView }> {
  const view = await client.workflow.getHandle(workflowId, executionId).query<RunView>(STATUS_QUERY);
  const isOver = status.name !== 'RUNNING' && !CLOSED_STATUSES.includes(view.status);
  return { view: isOver ? endedOutside(view, { as: status.name, at: closeTime ?? new Date() }) : view };
}

async function stepsOf(client: Client, executions: readonly Execution[]): Promise<StepRecord[]> {
  const steps = new Map<number, StepRecord>();
  // The oldest first, so that what a later one says of a step counts.
  for (const { workflowId, executionId } of executions.toReversed()) {
    const { events } = await client.workflow.getHandle(workflowId, executionId).fetchHistory();
    for (const step of stepsIn(events ?? [])) steps.set(step.number, step);
  }
  return [...steps.values()].toSorted((one, other) => one.number - other.number);
}

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];

/** Activities that were steps: each has its step in its input. */
function stepsIn(events: readonly HistoryEvent[]): StepRecord[] {
  const steps = new Map<string, StepRecord>();
  for (const event of events) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    const step = scheduled && stepIn(scheduled.input?.payloads?.[0]);
    if (step) steps.set(String(event.eventId), startOf(step, event));
    const begun = event.activityTaskStartedEventAttributes;
    const known = steps.get(String(begun?.scheduledEventId));
    if (begun && known) Object.assign(known, { attempt: begun.attempt ?? 1, startedAt: timeOf(event) });
    const ended = endOf(event);
    const closed = ended && steps.get(String(ended.scheduledEventId));
    if (!closed) continue;
    const completedAt = timeOf(event);
    const durationMs = Date.parse(completedAt) - Date.parse(closed.startedAt);
    Object.assign(closed, { status: ended.status, completedAt, durationMs });
  }
  return [...steps.values()];
}

function stepIn(payload: Parameters<typeof defaultPayloadConverter.fromPayload>[0] | null | undefined): StepRef | undefined {
  return payload ? defaultPayloadConverter.fromPayload<{ step?: StepRef } | undefined>(payload)?.step : undefined;
}

const startOf = ({ lease, number, name, phase }: StepRef, event: HistoryEvent): StepRecord => ({
  runId: lease.runId,
  number,
  name,
  phase,
  status: 'running',
  attempt: 1,
  startedAt: timeOf(event),
});

function endOf(event: HistoryEvent): { scheduledEventId: unknown; status: StepRecord['status'] } | undefined {
  const { activityTaskCompletedEventAttributes: completed, activityTaskCanceledEventAttributes: cancelled } = event;
  const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
  if (completed) return { scheduledEventId: completed.scheduledEventId, status: 'completed' };
  if (cancelled) return { scheduledEventId: cancelled.scheduledEventId, status: 'cancelled' };
  return failed ? { scheduledEventId: failed.scheduledEventId, status: 'failed' } : undefined;
}

function timeOf({ eventTime }: HistoryEvent): string {
  return new Date(Number(eventTime?.seconds ?? 0) * 1000 + Math.floor((eventTime?.nanos ?? 0) / 1e6)).toISOString();
}
