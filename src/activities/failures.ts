import { ApplicationFailure, asyncLocalStorage, CancelledFailure, Context } from '@temporalio/activity';
import { pauseAfter } from '../contracts/backoff.ts';
import type { Backoff } from '../contracts/backoff.ts';
import { BelayError } from '../contracts/errors.ts';
import type { SessionView } from '../contracts/run-view.ts';
import type { FailureDetails } from '../contracts/work.ts';
import { diskFull } from '../process/disk-full.ts';

interface Left {
  /** What an agent's turn has cost. */
  spent?: SessionView;
  checkpoint?: string;
  interim?: string;
  /** Waits up to this long are Temporal's, for calls that no run waits for; others are the workflow's, and burn no attempt. */
  maxWaitMs?: number;
}

/**
 * What adapters throw, as Temporal's failure: type is the catalogue's code, the hint travels in the details.
 * Cancellation is passed on; a worker that shuts down says so, for its queue goes with it.
 */
export function failureOf(thrown: unknown, left: Left = {}): Error {
  const { spent, maxWaitMs = 0, ...commits } = left;
  const error = diskFull(thrown) ?? thrown;
  if (isShutdown(error)) return ApplicationFailure.nonRetryable('The worker is shutting down.', 'WorkerRestarted');
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  if (!(error instanceof BelayError)) {
    const message = error instanceof Error ? error.message : String(error);
    return ApplicationFailure.create({
      message,
      type: 'internal',
      nonRetryable: false,
      details: [{ ...tried(), ...(spent ? { spent } : {}) } satisfies FailureDetails],
      nextRetryDelay: pause(),
      ...(error instanceof Error ? { cause: error } : {}),
    });
  }
  const { code, message, hint, retryAt, cause } = error;
  const waitMs = retryAt && !Number.isNaN(retryAt.getTime()) ? retryAt.getTime() - Date.now() : undefined;
  const delay = delayOf(error, waitMs, maxWaitMs);
  const details: FailureDetails = {
    hint,
    ...tried(),
    ...(retryAt && waitMs !== undefined ? { retryAt: retryAt.toISOString(), waitMs } : {}),
    ...commits,
    // A turn that was lost is played again, and tells then what all of it has cost.
    ...(spent && code !== 'lease_lost' ? { spent } : {}),
  };
  return ApplicationFailure.create({
    message,
    type: code,
    // Another attempt may mend this one; the others go to the workflow at once.
    nonRetryable: delay === undefined && error.class !== 'retry',
    details: [details],
    ...(delay === undefined ? {} : { nextRetryDelay: delay }),
    ...(cause instanceof Error ? { cause } : {}),
  });
}

function isShutdown(error: unknown): boolean {
  return error instanceof CancelledFailure && Context.current().cancellationDetails?.workerShutdown === true;
}

/** How long to wait before another attempt may do better; undefined where the workflow or a person decides. */
function delayOf({ class: errorClass }: BelayError, waitMs: number | undefined, maxWaitMs: number): number | undefined {
  if (errorClass === 'retry' && waitMs === undefined) return pause();
  if (waitMs === undefined) return undefined;
  const delay = Math.max(0, waitMs);
  // Who may try again soon never waits longer than the longest pause, whatever the clock says by now.
  if (errorClass === 'retry') return Math.min(delay, backoff().capMs);
  return errorClass === 'wait' && delay <= maxWaitMs ? delay : undefined;
}

const info = () => asyncLocalStorage.getStore()?.info;

const tried = (): Pick<FailureDetails, 'attempts'> => {
  const attempts = info()?.attempt;
  return attempts === undefined ? {} : { attempts };
};

/** Before the attempt after this one. */
const pause = (): number => pauseAfter(info()?.attempt ?? 1, backoff(), Math.random());

/** As the workflow has asked for, in its retry policy. */
function backoff(): Backoff {
  const { initialInterval: baseMs, maximumInterval: capMs } = info()?.retryPolicy ?? {};
  return { baseMs: typeof baseMs === 'number' ? baseMs : 1000, capMs: typeof capMs === 'number' ? capMs : 60_000 };
}
