import { CANCEL_SIGNAL } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RunView } from '../contracts/run-view.ts';
import { settled } from './follow.ts';
import type { OrderOf } from './open-run.ts';
import { isClosed, signalRun } from './open-run.ts';

/** Asks an open run to end cleanly, wherever it stands: it is cancelled a little later. Throws wrong_state for a closed one. */
export async function cancelRun({ client, ledger, run, reason }: OrderOf & { reason?: string }): Promise<void> {
  requireCancellable(await settled({ client, ledger }, run));
  await signalRun({ client, run, name: CANCEL_SIGNAL, order: reason ? { reason } : {} });
}

export function requireCancellable(run: RunView): void {
  if (!isClosed(run)) return;
  throw new BelayError({
    code: 'wrong_state',
    message: `Run ${run.id} is ${run.status} already: there is nothing to cancel.`,
    hint: `\`belay show ${run.id}\` shows it.`,
  });
}
