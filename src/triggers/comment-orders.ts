import type { PhaseName } from '../contracts/constants.ts';
import type { RunView } from '../contracts/run-view.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import type { IntakeDependencies } from '../intake/order.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { approveRun, rejectRun } from '../orders/approvals.ts';
import { cancelRun } from '../orders/cancel.ts';
import { retryRun } from '../orders/retry.ts';
import type { WentOn } from '../orders/retry.ts';
import type { UseClient } from './use-client.ts';

/** What people tell the run of an issue. Each throws `BelayError` where the run is not in a state for it. */
export interface CommentOrders {
  approve(run: RunView, order: { hash?: string; by: string; asOf: string }): Promise<void>;
  reject(run: RunView, order: { reason: string; by: string; asOf: string }): Promise<void>;
  cancel(run: RunView, order: { reason?: string; by: string }): Promise<void>;
  /** In words, what became of it. */
  retry(run: RunView, order: { phase?: PhaseName; by: string }): Promise<string>;
}

export interface CommentOrdersDependencies {
  ledger: Ledger;
  intake: IntakeDependencies;
  useClient: UseClient;
}

export function createCommentOrders({ ledger, intake, useClient }: CommentOrdersDependencies): CommentOrders {
  return {
    approve: (run, order) => useClient(async (client, signal) => void (await approveRun({ client, ledger, run, signal, ...order }))),
    reject: (run, order) => useClient(async (client, signal) => void (await rejectRun({ client, ledger, run, signal, ...order }))),
    cancel: (run, { reason, by }) =>
      useClient((client, signal) => cancelRun({ client, ledger, run, signal, reason: reason ?? `${by} asked for it` })),
    retry: (run, { phase, by }) =>
      useClient(async (client, signal) => {
        const wentOn = await retryRun({ client, ledger, run, intake, signal, by, ...withoutUndefined({ phase }) });
        return wordsFor(run, wentOn);
      }),
  };
}

function wordsFor({ id }: RunView, { how, runId }: WentOn): string {
  if (how === 'woken') return `Run \`${id}\` goes on.`;
  return how === 'begun' ? `Run \`${runId}\` goes on where run \`${id}\` ended.` : `Run \`${id}\` is at work already.`;
}
