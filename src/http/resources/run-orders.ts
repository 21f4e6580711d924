import { z } from 'zod';
import type { Client } from '@temporalio/client';
import type { RunView } from '../../contracts/run-view.ts';
import { withoutUndefined } from '../../contracts/without-undefined.ts';
import { approveRun, rejectRun } from '../../orders/approvals.ts';
import { cancelRun, requireCancellable } from '../../orders/cancel.ts';
import { messageRun } from '../../orders/message.ts';
import type { OrderOf } from '../../orders/open-run.ts';
import { requireRetryable, retryRun } from '../../orders/retry.ts';
import type { WentOn } from '../../orders/retry.ts';
import { rollbackRun } from '../../orders/rollback.ts';
import { audited } from '../audit.ts';
import { RunInTheWay } from '../problems.ts';
import { defineRoute } from '../route.ts';
import type { Answer, RawCall, Route } from '../route.ts';
import { approveBody, cancelBody, messageBody, rejectBody, retryBody, rollbackBody } from '../schemas/orders.ts';
import { runId, runParams } from '../schemas/run.ts';
import { visibleRun } from '../visible-run.ts';

/** What an order came to: which run to follow from here on. */
const ordered = z.object({ run: runId, workflowId: z.string() }).meta({ id: 'Ordered' });
const goesOn = ordered
  .extend({ how: z.enum(['woken', 'begun', 'at_work']).meta({ description: '`begun`: a new run goes on where the closed one ended' }) })
  .meta({ id: 'GoesOn' });

/** What all routes that give an order have in common. */
const ORDER = {
  method: 'post',
  tag: 'Orders',
  access: 'operator',
  params: runParams,
  problems: ['wrong_state', 'run_open', 'temporal_unreachable'],
} as const;
const success = (description: string, schema: z.ZodType = ordered) => ({ status: 202, description, schema });

const cancel = defineRoute({
  ...ORDER,
  path: '/api/runs/{id}/cancel',
  summary: 'End a run cleanly, wherever it stands',
  body: cancelBody,
  success: success('It is told: a little later it is cancelled'),
  handle: (call) =>
    give(call, call.params.id, { action: 'run.cancel', check: requireCancellable, detail: call.body }, (order) =>
      cancelRun({ ...order, ...withoutUndefined(call.body) }),
    ),
});

const retry = defineRoute({
  ...ORDER,
  path: '/api/runs/{id}/retry',
  summary: 'Go on with a run that is parked, waits for a limit, failed or was cancelled',
  body: retryBody,
  success: success('It goes on, or a new run does in its place', goesOn),
  async handle(call) {
    const { deps, caller, params, body } = call;
    const request = { intake: deps.intake, by: caller.name, ...withoutUndefined(body) };
    return give(call, params.id, { action: 'run.retry', check: requireRetryable, detail: body }, (order) =>
      retryRun({ ...order, ...request }),
    );
  },
});

const rollback = defineRoute({
  ...ORDER,
  path: '/api/runs/{id}/rollback',
  summary: 'Go on with a parked or closed run from an earlier version of its work',
  body: rollbackBody,
  success: success('It goes on, or a new run does in its place', goesOn),
  async handle(call) {
    const { deps, caller, params, body } = call;
    const { version, ...rest } = body;
    const request = { intake: deps.intake, by: caller.name, version, ...withoutUndefined(rest) };
    return give(call, params.id, { action: 'run.rollback', detail: body }, (order) => rollbackRun({ ...order, ...request }));
  },
});

const approve = defineRoute({
  ...ORDER,
  path: '/api/runs/{id}/approve',
  summary: "Let a run go on that waits for a person's word",
  body: approveBody,
  success: success('It goes on'),
  handle: (call) =>
    give(call, call.params.id, { action: 'run.approve', detail: call.body }, async (order) => {
      await approveRun({ ...order, by: call.caller.name, ...withoutUndefined(call.body) });
    }),
});

const reject = defineRoute({
  ...ORDER,
  path: '/api/runs/{id}/reject',
  summary: 'Send the plan, or the work, of a waiting run back',
  body: rejectBody,
  success: success('A new plan is made, or the run parks'),
  handle: (call) =>
    give(call, call.params.id, { action: 'run.reject', detail: call.body }, async (order) => {
      await rejectRun({ ...order, by: call.caller.name, reason: call.body.reason });
    }),
});

const message = defineRoute({
  ...ORDER,
  path: '/api/runs/{id}/message',
  summary: 'Tell the agent of an open run something',
  body: messageBody,
  success: success('The agent is told at its next turn'),
  handle: (call) =>
    give(call, call.params.id, { action: 'run.message', detail: call.body }, (order) => messageRun({ ...order, text: call.body.text })),
});

interface Given {
  action: string;
  /** What can be said without asking Temporal. */
  check?: (run: RunView) => void;
  detail: object;
}

async function give(
  call: RawCall,
  id: string,
  { action, check, detail }: Given,
  order: (order: OrderOf) => Promise<WentOn | void>,
): Promise<Answer> {
  const { deps } = call;
  const { ledger } = deps;
  const run = await visibleRun(call, id);
  check?.(run);
  const work = async (client: Client, signal: AbortSignal): Promise<WentOn | void> => {
    const went = await order({ client, ledger, run, signal });
    if (went?.joined) throw new RunInTheWay({ runId: went.runId });
    return went;
  };
  const went = await audited(call, { action, runId: id, detail: { ...detail } }, () => deps.temporal.use(work));
  const { runId: next = id, workflowId = run.workflowId } = went ?? {};
  const json = { run: next, workflowId, ...(went ? { how: went.how } : {}) };
  return { json, headers: { location: `/api/runs/${next}` } };
}

export const ORDER_ROUTES: readonly Route[] = [cancel, retry, rollback, approve, reject, message];
