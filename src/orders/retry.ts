import { setTimeout as sleep } from 'node:timers/promises';
import type { PhaseName } from '../contracts/constants.ts';
import { RETRY_SIGNAL } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { IntakeDependencies, Order } from '../intake/order.ts';
import { retryOrder } from '../intake/retry.ts';
import { startRun } from '../intake/start-run.ts';
import type { Started } from '../intake/start-run.ts';
import { isWaitingForTime } from '../texts/waiting.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { follow, settled } from './follow.ts';
import type { OrderOf } from './open-run.ts';
import { holderOf, isClosed, signalRun } from './open-run.ts';

const CLOSING_MS = 50;
const MAX_CLOSING_MS = 1000;

export interface GoOn {
  phase?: PhaseName;
  /** In all. */
  budgetUsd?: number;
  by: string;
}

export interface RetryRequest extends OrderOf, GoOn {
  intake: IntakeDependencies;
}

/** What became of the order: the run woke, a new run goes on where it ended (or another one was open), or it is at work already. */
export interface WentOn extends Started {
  how: 'woken' | 'begun' | 'at_work';
  /** Of the run's view before. */
  version: number;
}

/** Wakes a parked run or one that waits for a limit to end, or begins a new one where a closed one ended. Throws wrong_state. */
export async function retryRun(request: RetryRequest): Promise<WentOn> {
  const { client, ledger, run, intake } = request;
  const present = isClosed(run) ? run : await settled({ client, ledger }, run);
  if (isClosed(present)) return begin(request, await orderToGoOn(intake, present, request));
  const resting = await restingView(request);
  if (resting) await wake(request, resting);
  return {
    workflowId: run.workflowId,
    runId: run.id,
    joined: false,
    how: resting ? 'woken' : 'at_work',
    version: (resting ?? present).version,
  };
}

/** The order for a new run that goes on from a closed one. A completed one has nothing left to do, but may be brought back to a version. */
export async function orderToGoOn(intake: IntakeDependencies, run: RunView, from: GoOn & { version?: number }): Promise<Order> {
  const { phase, version, budgetUsd, by } = from;
  if (version === undefined) requireRetryable(run);
  return retryOrder(intake, run, { ...withoutUndefined({ phase, version, budgetUsd }), triggeredBy: by });
}

/** Starts that run, or joins another one of the issue that is open. Throws wrong_state where something else has its place. */
export async function begin(request: Omit<RetryRequest, keyof GoOn>, order: Order): Promise<WentOn> {
  const { client, intake, run } = request;
  for (;;) {
    const started = await startRun({ ...intake, client }, order);
    const open = started.joined ? await openAfter(request, started.workflowId) : started.runId;
    if (open !== undefined) return { ...started, runId: open, how: 'begun', version: run.version };
  }
}

/** Another run that has the place of this one; undefined once nothing has: a run is told to be closed a moment before Temporal closes it. */
async function openAfter({ client, run, signal }: Omit<RetryRequest, keyof GoOn>, workflowId: string): Promise<string | undefined> {
  for (let pauseMs = CLOSING_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_CLOSING_MS)) {
    const { isOpen, runId } = await holderOf({ client, workflowId });
    if (isOpen && runId === undefined) throw notOurs(workflowId);
    if (isOpen && runId !== run.id) return runId;
    await sleep(pauseMs, undefined, signal ? { signal } : {});
    // It may have closed between the two questions, too.
    if (!isOpen) return undefined;
  }
}

/** How an open run stands that rests: parked, or waiting for a limit to end. */
export async function restingView({ client, ledger, run, signal }: OrderOf): Promise<RunView | undefined> {
  for await (const view of follow({ client, ledger, workflowId: run.workflowId, ...(signal ? { signal } : {}) }))
    return view.status === 'parked' || isWaitingForTime(view) ? view : undefined;
  return undefined;
}

async function wake({ client, run, phase, budgetUsd }: RetryRequest, resting: RunView): Promise<void> {
  if (phase) requireParked(resting);
  if (phase) requireBegun(resting, phase);
  await signalRun({ client, run, name: RETRY_SIGNAL, order: withoutUndefined({ phase, budgetUsd }) });
}

export function requireRetryable({ id, status }: RunView): void {
  if (status !== 'completed') return;
  throw new BelayError({
    code: 'wrong_state',
    message: `Run ${id} is completed: there is nothing to retry.`,
    hint: '`belay run` works on its issue again.',
  });
}

const notOurs = (workflowId: string): BelayError =>
  new BelayError({
    code: 'wrong_state',
    message: `A workflow that Belay did not start is open as ${workflowId}: no run can begin in its place.`,
    hint: 'End it in Temporal, then retry.',
  });

function requireParked({ id, status }: RunView): void {
  if (status === 'parked') return;
  throw new BelayError({
    code: 'wrong_state',
    message: `Run ${id} is waiting, not parked: it goes on in the step that it waits in.`,
    hint: `\`belay retry ${id}\` without --phase tries that at once.`,
  });
}

function requireBegun({ id, phases }: RunView, phase: PhaseName): void {
  const begun = phases.filter(({ startedAt }) => startedAt !== undefined).map(({ name }) => name);
  if (begun.includes(phase)) return;
  throw new BelayError({
    code: 'invalid_input',
    message: `Run ${id} has no phase ${phase} to go on from.`,
    hint: `It can go on from ${begun.join(', ')}, or without --phase from where it stopped.`,
  });
}
