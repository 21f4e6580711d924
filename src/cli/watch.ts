import { setTimeout as sleep } from 'node:timers/promises';
import { CANCEL_SIGNAL } from '../contracts/constants.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { onStopSignals } from '../process/stop-signals.ts';
import { follow } from '../orders/follow.ts';
import { showProgress } from './progress.ts';
import { withPlaces } from './queue.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

/** A second Ctrl-C within this time means: leave, do not cancel. */
const SECOND_THOUGHTS_MS = 1000;

export interface WatchRequest {
  session: Session;
  ledger: Ledger;
  workflowId: string;
  terminal: Terminal;
  quiet?: boolean;
  /** Instead of the ways of Ctrl-C: leave when this is aborted. */
  leaving?: AbortSignal;
}

/** Follows a run to where it rests. Ctrl-C cancels it; twice leaves it, and resolves to nothing. */
export async function watch({ session, ledger, workflowId, terminal, quiet = false, leaving }: WatchRequest): Promise<RunView | undefined> {
  const interrupted = new AbortController();
  const followed: { run?: string } = {};
  using _ = leaving ? undefined : onInterrupt({ session, workflowId, followed, terminal, leaving: interrupted });
  const signal = leaving ?? interrupted.signal;
  try {
    const views = noting(followed, follow({ client: session.client, ledger, workflowId, signal }));
    return quiet ? await lastOf(views) : await showProgress(withPlaces(views, ledger), terminal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

async function lastOf(views: AsyncIterable<RunView>): Promise<RunView | undefined> {
  let last: RunView | undefined;
  for await (const view of views) last = view;
  return last;
}

async function* noting(followed: { run?: string }, views: AsyncIterable<RunView>): AsyncGenerator<RunView> {
  for await (const view of views) {
    followed.run = view.id;
    yield view;
  }
}

interface Interruptible {
  session: Session;
  workflowId: string;
  /** The run, once it has been heard of. */
  followed: { run?: string };
  terminal: Terminal;
  leaving: AbortController;
}

function onInterrupt({ session: { client }, workflowId, followed, terminal, leaving }: Interruptible): Disposable {
  const cancel = async (): Promise<void> => {
    await sleep(SECOND_THOUGHTS_MS, undefined, { signal: leaving.signal });
    await client.workflow.getHandle(workflowId).signal(CANCEL_SIGNAL, { reason: 'Ctrl-C', ...followed });
  };
  let count = 0;
  const onSigint = (): void => {
    if (++count > 1) return leaving.abort();
    terminal.note('\nCancelling… Ctrl-C again leaves at once; the run is kept and goes on at the next `belay dev` or `belay run`.');
    cancel().catch((error: unknown) => {
      if (!leaving.signal.aborted) terminal.note(`belay: the run could not be cancelled: ${String(error)}`);
    });
  };
  // A closed terminal or a stopping system is no order to cancel: the run is kept.
  return onStopSignals((signal) => (signal === 'SIGINT' ? onSigint() : leaving.abort()));
}
