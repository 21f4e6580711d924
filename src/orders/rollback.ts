import { ROLLBACK_UPDATE } from '../contracts/constants.ts';
import { settled } from './follow.ts';
import { isClosed, updateRun } from './open-run.ts';
import { begin, orderToGoOn, restingView } from './retry.ts';
import type { RetryRequest, WentOn } from './retry.ts';

/** Has a parked run go on from one of its versions, or begins a new run at that of a closed one. Throws wrong_state. */
export async function rollbackRun(request: Omit<RetryRequest, 'phase'> & { version: number }): Promise<WentOn> {
  const { client, ledger, run, intake, version, by } = request;
  const present = isClosed(run) ? run : await settled({ client, ledger }, run);
  if (isClosed(present)) return begin(request, await orderToGoOn(intake, present, request));
  const before = (await restingView(request)) ?? present;
  const hint = '`belay show --history` lists the versions of a run; one that is at work can be cancelled first.';
  await updateRun({ client, run, name: ROLLBACK_UPDATE, order: { version, by }, hint });
  return { workflowId: run.workflowId, runId: run.id, joined: false, how: 'woken', version: before.version };
}
