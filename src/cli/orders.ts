import { setTimeout as sleep } from 'node:timers/promises';
import { userInfo } from 'node:os';
import type { PhaseName } from '../contracts/constants.ts';
import { CANCEL_SIGNAL, CLOSED_STATUSES, RETRY_SIGNAL } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RunView } from '../contracts/run-view.ts';
import { retryOrder } from '../intake/retry.ts';
import { isWaitingForTime } from '../texts/waiting.ts';
import { startRun } from '../intake/start-run.ts';
import type { Context } from './context.ts';
import type { FollowRequest } from './follow.ts';
import { follow, look, settled } from './follow.ts';
import { exitCodeOfRun, report } from './report.ts';
import { followToRest, intakeOf } from './run.ts';
import { openSession } from './session.ts';
import { EXIT } from './terminal.ts';

/** `belay cancel`: ends a run cleanly, wherever it stands. */
export async function cancel(context: Context, id: string, { reason, json }: { reason?: string; json: boolean }): Promise<number> {
  const known = await context.ledger.getRun(id);
  if (CLOSED_STATUSES.includes(known.status)) throw closed(known);
  await using session = await openSession(context);
  const { client } = session;
  const { ledger } = context;
  const present = await settled({ client, ledger }, known);
  if (CLOSED_STATUSES.includes(present.status)) throw closed(present);
  const { workflowId } = known;
  await client.workflow.getHandle(workflowId).signal(CANCEL_SIGNAL, reason ? { reason } : {});
  const view = await closedView({ client, ledger, workflowId });
  context.terminal.out(json ? JSON.stringify(view, undefined, 2) : report(view));
  return view.status === 'cancelled' ? EXIT.ok : exitCodeOfRun(view);
}

export interface RetryOptions {
  phase?: PhaseName;
  budget?: number;
  detach: boolean;
  json: boolean;
}

/** `belay retry`: wakes a parked run or one that waits for a limit to end, or begins a new one where a closed one ended. */
export async function retry(context: Context, id: string, options: RetryOptions): Promise<number> {
  const known = await context.ledger.getRun(id);
  if (CLOSED_STATUSES.includes(known.status)) return retryClosed(context, known, options);
  await using session = await openSession(context);
  const { client } = session;
  const { ledger } = context;
  const present = await settled({ client, ledger }, known);
  if (CLOSED_STATUSES.includes(present.status)) return await retryClosed(context, present, options);
  const { workflowId } = known;
  const before = await restingView({ client, ledger, workflowId });
  if (before) {
    const { phase, budget } = options;
    if (phase) requireParked(before);
    if (phase) requireBegun(before, phase);
    const order = { ...(phase ? { phase } : {}), ...(budget === undefined ? {} : { budgetUsd: budget }) };
    await client.workflow.getHandle(workflowId).signal(RETRY_SIGNAL, order);
    await woken({ client, ledger, workflowId }, before.version);
  } else context.terminal.note(`Run ${known.id} is at work or in the queue: following it.`);
  return await followToRest(context, session, { workflowId, runId: known.id, joined: false }, options);
}

const nothingToRetry = ({ id }: RunView): BelayError =>
  new BelayError({
    code: 'invalid_input',
    message: `Run ${id} is completed: there is nothing to retry.`,
    hint: '`belay run` works on its issue again.',
  });

function requireParked({ id, status }: RunView): void {
  if (status === 'parked') return;
  throw new BelayError({
    code: 'invalid_input',
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

/** A completed run has nothing left to do, but may be brought back to a version. */
export async function retryClosed(
  context: Context,
  known: RunView,
  { phase, version, budget, detach, json }: RetryOptions & { version?: number },
): Promise<number> {
  if (known.status === 'completed' && version === undefined) throw nothingToRetry(known);
  const order = await retryOrder(intakeOf(context), known, {
    ...(phase ? { phase } : {}),
    ...(version === undefined ? {} : { version }),
    ...(budget === undefined ? {} : { budgetUsd: budget }),
    triggeredBy: userInfo().username,
  });
  await using session = await openSession(context);
  const started = await startRun({ ...context, client: session.client }, order);
  const from = version === undefined ? `where run ${known.id} ended` : `from version ${version} of run ${known.id}`;
  context.terminal.note(`Run ${started.runId ?? ''} goes on ${from}.`);
  return await followToRest(context, session, started, { detach, json });
}

export async function restingView(request: FollowRequest): Promise<RunView | undefined> {
  for await (const view of follow(request)) return view.status === 'parked' || isWaitingForTime(view) ? view : undefined;
  return undefined;
}

/** A parked run shows as parked until it has seen the order. */
export async function woken(request: FollowRequest, version: number): Promise<void> {
  for (;;) {
    const { view } = (await look(request)) ?? {};
    if (view && (view.status !== 'parked' || view.version > version)) return;
    await sleep(50);
  }
}

async function closedView(request: FollowRequest): Promise<RunView> {
  for (;;) {
    let last: RunView | undefined;
    for await (const view of follow(request)) last = view;
    // Parked is rest for a follower, but on the way to the end here.
    if (last && last.status !== 'parked') return last;
    await sleep(50);
  }
}

const closed = ({ id, status }: RunView): BelayError =>
  new BelayError({
    code: 'invalid_input',
    message: `Run ${id} is ${status} already: there is nothing to cancel.`,
    hint: `\`belay show ${id}\` shows it.`,
  });
