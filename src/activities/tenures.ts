import { ApplicationFailure } from '@temporalio/activity';
import type { LeaseRef } from '../contracts/lease.ts';

/** A lease's time on this host: from its request until everything of it is cleaned up. */
export interface Tenure extends Disposable {
  /** Aborted when the lease is cancelled, or when a newer one of its run wants the workspace. */
  readonly signal: AbortSignal;
  /** A newer lease of the run waits for the workspace. */
  readonly takenOver: boolean;
}

export interface Tenures {
  /**
   * Ends the run's older tenure on this host, waits until it is cleaned up, and begins a new one. The server may have given a
   * lease up (its heartbeats were late) that still works here. Throws lease_lost where a newer one is here already.
   */
  begin(lease: LeaseRef, signal: AbortSignal): Promise<Tenure>;
}

interface Ongoing {
  lease: LeaseRef;
  takeover: AbortController;
  over: Promise<void>;
}

export function createTenures(): Tenures {
  const newest = new Map<string, Ongoing>();
  return {
    async begin(lease, cancelled) {
      const older = newest.get(lease.runId);
      if (older && older.lease.epoch >= lease.epoch && !isSameLease(older.lease, lease)) throw leaseLost(lease);
      const takeover = new AbortController();
      const over = Promise.withResolvers<void>();
      const ongoing: Ongoing = { lease, takeover, over: over.promise };
      newest.set(lease.runId, ongoing);
      const signal = AbortSignal.any([cancelled, takeover.signal]);
      using tenure = new DisposableStack();
      tenure.defer(() => {
        if (newest.get(lease.runId) === ongoing) newest.delete(lease.runId);
        over.resolve();
      });
      older?.takeover.abort(leaseLost(older.lease));
      // Even if this one is cancelled meanwhile: whoever waits for it relies on the workspace being free.
      await older?.over;
      signal.throwIfAborted();
      const kept = tenure.move();
      return {
        signal,
        get takenOver() {
          return takeover.signal.aborted;
        },
        [Symbol.dispose]: () => kept.dispose(),
      };
    },
  };
}

export const isSameLease = (a: Pick<LeaseRef, 'epoch' | 'executionId'>, b: Pick<LeaseRef, 'epoch' | 'executionId'>): boolean =>
  a.epoch === b.epoch && a.executionId === b.executionId;

export const leaseLost = ({ runId, epoch }: LeaseRef): ApplicationFailure =>
  ApplicationFailure.nonRetryable(`Lease ${epoch} of run ${runId} is not held here.`, 'lease_lost');
