import { onStopSignals } from './process/stop-signals.ts';
import type { Log } from './telemetry/log.ts';
import type { TemporalTarget } from './temporal/connection.ts';
import { waitForTemporal } from './temporal/connection.ts';
import type { BelayWorker } from './worker.ts';

/** Why a worker could not take up work now; undefined where it could. */
export async function obstacleOf(worker: Pick<BelayWorker, 'ping'> | undefined): Promise<string | undefined> {
  if (!worker) return 'It has not started yet, or stops';
  return worker.ping().then(
    () => undefined,
    () => 'Temporal does not answer',
  );
}

/** Worker and server may be started in any order. False where a signal ended the wait. */
export async function isThere(target: TemporalTarget, log: Log): Promise<boolean> {
  const stopped = new AbortController();
  using _ = onStopSignals(() => stopped.abort());
  try {
    await waitForTemporal({
      target,
      signal: stopped.signal,
      onWaiting: ({ message }) => log.warn({ address: target.address }, `Waiting for Temporal. ${message}`),
    });
    return true;
  } catch (error) {
    if (stopped.signal.aborted) return false;
    throw error;
  }
}
