import { ActivityCancellationType } from '@temporalio/workflow';
import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

/**
 * Failures after which the same queue is pointless: the worker that served it has gone, or the lease has passed to another.
 * The lease decides what happens next, not Temporal's retries.
 */
export const LOST = ['WorkerRestarted', 'lease_lost'];

/** The ledger's write: milliseconds on the worker that decides. Given up soon, for the next one heals it. */
export const recordProfile: LocalActivityOptions = {
  startToCloseTimeout: '5s',
  scheduleToCloseTimeout: '15s',
  retry: { initialInterval: '50ms', maximumInterval: '1s', maximumAttempts: 5 },
};

/** Tracker and forge calls: seconds; the base, cap and count of retries are the catalogue's (1 s, 60 s, 3 retries). */
export const shortProfile: ActivityOptions = {
  startToCloseTimeout: '1m',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '60s', maximumAttempts: 4 },
};

/** The same by the worker that decides, when a run has closed. Waits of more than some seconds are timers, which outlive the worker. */
export const lastWordProfile: LocalActivityOptions = {
  startToCloseTimeout: '1m',
  localRetryThreshold: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '60s', maximumAttempts: 4 },
};

/** A look in passing, by the worker that decides: one event. Work does not wait for a tracker that does not answer. */
export const lookProfile: LocalActivityOptions = {
  startToCloseTimeout: '10s',
  retry: { maximumAttempts: 1 },
};

/**
 * The lease itself: held as long as the run works (limit 6 h, so a day is no limit of its own). One attempt, because a new
 * lease needs a new epoch. Heartbeats are generous (a sleeping laptop must not kill agents), for a restarting host reports
 * its predecessor's attempts at once.
 */
export const leaseProfile: ActivityOptions = {
  startToCloseTimeout: '24h',
  heartbeatTimeout: '30s',
  retry: { maximumAttempts: 1 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
};

/** A host that could not prepare a workspace for a passing reason is asked again as often as the catalogue says: 3 retries from 1 s on, at most 60 s apart. */
export const LEASE_RETRIES = 3;

/** How long a run prefers the host that has its files and sessions before it takes any. */
export const SAME_HOST_WAIT = '5s';

/**
 * Work in a workspace. The queue is served by one worker process: not started within 10 s means that it is gone. Agent calls
 * cost money, so three attempts, each resuming the session of the one before. `totalMs` bounds one attempt; five minutes more
 * leave room to end the process tree and to write the checkpoint.
 */
export function hostProfile({ totalMs, attempts }: { totalMs: number; attempts: number }): ActivityOptions {
  return {
    startToCloseTimeout: totalMs + 5 * 60_000,
    scheduleToStartTimeout: '10s',
    heartbeatTimeout: '30s',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: '1s',
      backoffCoefficient: 2,
      maximumInterval: '60s',
      maximumAttempts: attempts,
      nonRetryableErrorTypes: LOST,
    },
  };
}
