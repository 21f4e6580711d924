import { setTimeout as sleep } from 'node:timers/promises';
import { userInfo } from 'node:os';
import type { PhaseName } from '../contracts/constants.ts';
import type { RunView } from '../contracts/run-view.ts';
import { intakeOf } from '../compose-intake.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { cancelRun, requireCancellable } from '../orders/cancel.ts';
import { follow, look } from '../orders/follow.ts';
import type { FollowRequest } from '../orders/follow.ts';
import { isClosed } from '../orders/open-run.ts';
import { begin, orderToGoOn, retryRun } from '../orders/retry.ts';
import type { WentOn } from '../orders/retry.ts';
import { rollbackRun } from '../orders/rollback.ts';
import type { Context } from './context.ts';
import { exitCodeOfRun, report } from './report.ts';
import { followToRest } from './run.ts';
import { openSession } from './session.ts';
import type { Session } from './session.ts';
import { EXIT } from './terminal.ts';

/** `belay cancel`: ends a run cleanly, wherever it stands. */
export async function cancel(context: Context, id: string, { reason, json }: { reason?: string; json: boolean }): Promise<number> {
  const { ledger, terminal } = context;
  const run = await ledger.getRun(id);
  // Before a server is started for it.
  requireCancellable(run);
  await using session = await openSession(context);
  const { client } = session;
  await cancelRun({ client, ledger, run, ...(reason ? { reason } : {}) });
  const view = await closedView({ client, ledger, workflowId: run.workflowId });
  terminal.out(json ? JSON.stringify(view, undefined, 2) : report(view));
  return view.status === 'cancelled' ? EXIT.ok : exitCodeOfRun(view);
}

interface Following {
  detach: boolean;
  json: boolean;
}

export interface RetryOptions extends Following {
  phase?: PhaseName;
  budget?: number;
}

/** `belay retry`: wakes a parked run or one that waits for a limit to end, or begins a new one where a closed one ended. */
export async function retry(context: Context, id: string, { phase, budget, ...options }: RetryOptions): Promise<number> {
  return goOn(context, id, { ...withoutUndefined({ phase, budgetUsd: budget }), ...options });
}

export interface RollbackOptions extends Following {
  version: number;
}

/** `belay rollback`: has a parked run go on from one of its versions, or begins a new run at that of a closed one. */
export async function rollback(context: Context, id: string, options: RollbackOptions): Promise<number> {
  return goOn(context, id, options);
}

interface GoOnOptions extends Following {
  phase?: PhaseName;
  budgetUsd?: number;
  version?: number;
}

async function goOn(context: Context, id: string, { detach, json, version, ...rest }: GoOnOptions): Promise<number> {
  const { ledger } = context;
  const run = await ledger.getRun(id);
  const [intake, from] = [intakeOf(context), { ...rest, by: userInfo().username }];
  // What is refused, or has no work to go on from, is told before a server is started for it.
  const order = isClosed(run) ? await orderToGoOn(intake, run, { ...from, ...(version === undefined ? {} : { version }) }) : undefined;
  await using session = await openSession(context);
  const { client } = session;
  const request = { client, ledger, run, intake, ...from };
  const went = order
    ? await begin(request, order)
    : version === undefined
      ? await retryRun(request)
      : await rollbackRun({ ...request, version });
  await tell(context, session, { run, went, version });
  return await followToRest(context, session, went, { detach, json });
}

interface Gone {
  run: RunView;
  went: WentOn;
  version: number | undefined;
}

async function tell({ terminal, ledger }: Context, { client }: Session, { run, went, version }: Gone): Promise<void> {
  const from = version === undefined ? `where run ${run.id} ended` : `from version ${version} of run ${run.id}`;
  if (went.how === 'begun') return terminal.note(`Run ${went.runId ?? ''} goes on ${from}.`);
  if (went.how === 'at_work') return terminal.note(`Run ${run.id} is at work or in the queue: following it.`);
  await woken({ client, ledger, workflowId: run.workflowId }, went.version);
  if (version !== undefined) terminal.note(`Run ${run.id} goes on from version ${version}.`);
}

/** A parked run shows as parked until it has seen the order. */
async function woken(request: FollowRequest, version: number): Promise<void> {
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
