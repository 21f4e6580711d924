import type { Client, ScheduleOptions } from '@temporalio/client';
import { ScheduleAlreadyRunning, ScheduleNotFoundError } from '@temporalio/client';
import { ORCHESTRATOR_QUEUE, POLL_WORKFLOW, SCHEDULED_WORKFLOW } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { ScheduledRun } from '../contracts/triggers.ts';

const POLL = 'belay-poll';
const PREFIX = 'belay-schedule-';
/** Nobody wants the polls of a night when no server was there. */
const POLL_CATCHUP = '1m';
/** What was missed by a restart is made good; what was missed by a long weekend is not. */
const CATCHUP = '1h';
/** A poll whose worker has gone holds up the next ones no longer than this. */
const POLL_LIMIT = '15m';
/** In a schedule's memo: what it was made of. */
const RUN_MEMO = 'run';

/** Has the repositories looked at so often, or not at all without `everyMs`: one schedule for all workers of a namespace. */
export async function schedulePoll(client: Client, { everyMs }: { everyMs?: number }): Promise<void> {
  if (everyMs === undefined) return removeIfThere(client, POLL);
  const spec = { intervals: [{ every: everyMs }] };
  const action = {
    type: 'startWorkflow',
    workflowType: POLL_WORKFLOW,
    workflowId: POLL,
    taskQueue: ORCHESTRATOR_QUEUE,
    workflowExecutionTimeout: POLL_LIMIT,
  } as const;
  const policies = { overlap: 'SKIP', catchupWindow: POLL_CATCHUP } as const;
  try {
    await client.schedule.create({ scheduleId: POLL, spec, action, policies });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(POLL).update(({ state }) => ({ spec, action, policies, state }));
  }
}

/** A pipeline that is run by the clock. */
export interface Scheduled {
  run: ScheduledRun;
  /** As it was given: five fields, in UTC. */
  cron: string;
  /** ISO-8601 UTC. */
  next?: string;
}

/** Throws `BelayError` invalid_input where there is one of this name, or the times are none. */
export async function addSchedule(client: Client, { run, cron }: Pick<Scheduled, 'run' | 'cron'>): Promise<void> {
  try {
    await client.schedule.create(optionsOf(run, cron));
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning)
      throw new BelayError({
        code: 'invalid_input',
        message: `There is a schedule ${run.name} already.`,
        hint: '`belay schedule remove` takes it away.',
        cause: error,
      });
    throw notAdded(cron, error);
  }
}

function optionsOf(run: ScheduledRun, cron: string): ScheduleOptions {
  return {
    scheduleId: `${PREFIX}${run.name}`,
    spec: { cronExpressions: [cron] },
    action: {
      type: 'startWorkflow',
      workflowType: SCHEDULED_WORKFLOW,
      workflowId: `${PREFIX}${run.name}`,
      taskQueue: ORCHESTRATOR_QUEUE,
      args: [run],
    },
    policies: { overlap: 'SKIP', catchupWindow: CATCHUP },
    memo: { [RUN_MEMO]: run, cron },
  };
}

/** The SDK has the server's "invalid schedule spec" as a TypeError (1.24, schedule-client.js). */
function notAdded(cron: string, cause: unknown): unknown {
  if (!(cause instanceof TypeError)) return cause;
  return new BelayError({
    code: 'invalid_input',
    message: `'${cron}' is not understood as times: ${cause.message}.`,
    hint: 'Five fields as for cron, in UTC: `0 6 * * 1` is Mondays at six.',
    cause,
  });
}

/** By their name. */
export async function listSchedules(client: Client): Promise<Scheduled[]> {
  const found: Scheduled[] = [];
  for await (const { scheduleId, memo, info } of client.schedule.list()) {
    if (!scheduleId.startsWith(PREFIX)) continue;
    const [next] = info.nextActionTimes;
    found.push({ run: memo?.[RUN_MEMO] as ScheduledRun, cron: String(memo?.['cron']), ...(next ? { next: next.toISOString() } : {}) });
  }
  return found.toSorted((one, other) => one.run.name.localeCompare(other.run.name));
}

/** Throws `BelayError` invalid_input where there is none of this name. */
export async function removeSchedule(client: Client, name: string): Promise<void> {
  try {
    await client.schedule.getHandle(`${PREFIX}${name}`).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    throw new BelayError({
      code: 'invalid_input',
      message: `There is no schedule ${name}.`,
      hint: '`belay schedule list` shows those that there are.',
      cause: error,
    });
  }
}

async function removeIfThere(client: Client, scheduleId: string): Promise<void> {
  try {
    await client.schedule.getHandle(scheduleId).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
