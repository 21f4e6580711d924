import { ActivityCancellationType } from '@temporalio/workflow';
import type { ActivityOptions, LocalActivityOptions, RetryPolicy } from '@temporalio/workflow';
import type { Backoff } from '../contracts/backoff.ts';
import { USUAL_PRIORITY } from '../contracts/constants.ts';
import type { Priority } from '../contracts/constants.ts';
import type { RunInput, RunLimits } from '../contracts/run-input.ts';

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

export interface Patience extends Backoff {
  retries: number;
}

/** How often, and after which pauses, what failed for a passing reason is tried again. */
export const patienceOf = ({ retries = 3, retryBaseMs = 1000, retryCapMs = 60_000 }: RunLimits): Patience => ({
  retries,
  baseMs: retryBaseMs,
  capMs: retryCapMs,
});

/** The pauses are each attempt's own doing (`activities/failures.ts`), for policies know no chance: these are for what ends without a word. */
const retrying = ({ retries, baseMs, capMs }: Patience): RetryPolicy => ({
  initialInterval: baseMs,
  backoffCoefficient: 2,
  maximumInterval: capMs,
  maximumAttempts: retries + 1,
});

/** Tracker and forge calls: seconds. */
export const shortProfile = (patience: Patience): ActivityOptions => ({ startToCloseTimeout: '1m', retry: retrying(patience) });

/** The same by the worker that decides, when a run has closed. Waits of more than some seconds are timers, which outlive the worker. */
export const lastWordProfile: LocalActivityOptions = {
  startToCloseTimeout: '1m',
  localRetryThreshold: '5s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '60s', maximumAttempts: 4 },
};

/** A look at all repositories. The next one makes good what this one has missed. */
export const pollProfile: ActivityOptions = { startToCloseTimeout: '5m', retry: { maximumAttempts: 2 } };

/** A run that a schedule asks for is begun when what it needs is back, or the next time. */
export const scheduledProfile: ActivityOptions = {
  startToCloseTimeout: '1m',
  scheduleToCloseTimeout: '1h',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5m' },
};

/** A host that is not heard of for so long has lost its runs. Generous: a sleeping laptop or a slow server must not kill agents. */
const HEARTBEAT_MS = 30_000;
/** Telling people takes a second or two. */
export const TELL_GRACE_MS = 5000;

/** A look in passing, by the worker that decides: one event. Work does not wait for a tracker that does not answer. */
export const lookProfile: LocalActivityOptions = {
  startToCloseTimeout: '10s',
  retry: { maximumAttempts: 1 },
};

/**
 * The lease itself: held as long as the run works (limit 6 h, so a day is no limit of its own). One attempt, because a new
 * lease needs a new epoch. A restarting host reports its predecessor's attempts at once, without waiting for heartbeats.
 */
export const leaseProfile = ({
  heartbeatMs = HEARTBEAT_MS,
  rank,
}: {
  heartbeatMs?: number | undefined;
  rank: QueueRank;
}): ActivityOptions => ({
  startToCloseTimeout: '24h',
  priority: { priorityKey: rank.priority, ...(rank.fairnessKey ? { fairnessKey: rank.fairnessKey } : {}) },
  heartbeatTimeout: heartbeatMs,
  retry: { maximumAttempts: 1 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** Which of the runs that wait for a workspace is next. */
export interface QueueRank {
  priority: Priority;
  fairnessKey?: string | undefined;
}

export const rankOf = ({ requested, labelled, fairnessKey }: RunInput): QueueRank => ({
  priority: requested?.priority ?? labelled?.priority ?? USUAL_PRIORITY,
  fairnessKey,
});

/** How long a run waits for a person: two weeks outlast a holiday. */
export const PARKED_MS = 14 * 24 * 60 * 60_000;

/** How long a run prefers the host that has its files and sessions before it takes any. */
export const SAME_HOST_WAIT = '5s';

/**
 * Work in a workspace. The queue is served by one worker process: not started within 10 s means that it is gone. Agent calls
 * cost money, so three attempts at most, each resuming the session of the one before. `totalMs` bounds one attempt; five minutes
 * more leave room to end the process tree and to write the checkpoint.
 */
export function hostProfile({
  totalMs,
  attempts,
  patience,
  heartbeatMs = HEARTBEAT_MS,
}: {
  totalMs: number;
  attempts: number;
  patience: Patience;
  heartbeatMs?: number | undefined;
}): ActivityOptions {
  return {
    startToCloseTimeout: totalMs + 5 * 60_000,
    scheduleToStartTimeout: '10s',
    heartbeatTimeout: heartbeatMs,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { ...retrying(patience), maximumAttempts: Math.min(attempts, patience.retries + 1), nonRetryableErrorTypes: LOST },
  };
}
