import type { Client } from '@temporalio/client';
import type { RunView } from '../contracts/run-view.ts';
import { BelayError } from '../contracts/errors.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { cancelRun, requireCancellable } from '../orders/cancel.ts';
import type { OrderOf } from '../orders/open-run.ts';
import type { WentOn } from '../orders/retry.ts';
import { audited } from './audit.ts';
import { RunInTheWay } from './problems.ts';
import type { RawCall } from './route.ts';
import { visibleRun } from './visible-run.ts';

type Giving = Pick<RawCall, 'deps' | 'caller'>;

interface Given {
  action: string;
  /** What can be said without asking Temporal. */
  check?: (run: RunView) => void;
  detail: object;
}

/** What an order came to, and where to follow it. */
interface OrderAnswer {
  json: { run: string; workflowId: string; how?: WentOn['how'] };
  headers: { location: string };
}

/** Gives an order to a run that the caller may see, with its entry in the audit. */
export async function give(
  call: Giving,
  id: string,
  { action, check, detail }: Given,
  order: (order: OrderOf) => Promise<WentOn | void>,
): Promise<OrderAnswer> {
  const { deps } = call;
  const { ledger } = deps;
  const run = await visibleRun(call, id);
  check?.(run);
  const work = async (client: Client, signal: AbortSignal): Promise<WentOn | void> => {
    const went = await order({ client, ledger, run, signal }).catch(notNow);
    if (went?.joined) throw new RunInTheWay({ runId: went.runId });
    return went;
  };
  const went = await audited(call, { action, runId: id, detail: { ...detail } }, () => deps.temporal.use(work));
  const { runId: next = id, workflowId = run.workflowId } = went ?? {};
  const json = { run: next, workflowId, ...(went ? { how: went.how } : {}) };
  return { json, headers: { location: `/api/runs/${next}` } };
}

/** The request was as it should be: what makes no sense now is how the run stands. */
function notNow(cause: unknown): never {
  if (!(cause instanceof BelayError) || cause.code !== 'invalid_input') throw cause;
  const { message, hint } = cause;
  throw new BelayError({ code: 'wrong_state', message, hint, cause });
}

/** Ends a run: the same over HTTP and over a socket. */
export const giveCancel = (call: Giving, id: string, order: { reason?: string | undefined }): Promise<OrderAnswer> =>
  give(call, id, { action: 'run.cancel', check: requireCancellable, detail: order }, (given) =>
    cancelRun({ ...given, ...withoutUndefined(order) }),
  );
