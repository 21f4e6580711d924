import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { BelayError } from '../contracts/errors.ts';
import type { SessionView } from '../contracts/run-view.ts';
import type { FailureDetails } from '../contracts/work.ts';
import { diskFull } from '../process/disk-full.ts';

/** A limit per minute is worth waiting for in the workspace; one per day is not. */
const SHORT_WAIT_MS = 5 * 60_000;
/** Who may try again soon never waits longer, whatever the clock says by now: the catalogue's longest pause between retries. */
const MAX_RETRY_MS = 60_000;

/**
 * What adapters throw, as Temporal's failure: type is the catalogue's code, the hint travels in the details.
 * Cancellation is passed on; a worker that shuts down says so, for its queue goes with it.
 */
export function failureOf(thrown: unknown, spent?: SessionView): Error {
  const error = diskFull(thrown) ?? thrown;
  if (isShutdown(error)) return ApplicationFailure.nonRetryable('The worker is shutting down.', 'WorkerRestarted');
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  if (!(error instanceof BelayError)) {
    const message = error instanceof Error ? error.message : String(error);
    return ApplicationFailure.create({
      message,
      type: 'internal',
      nonRetryable: false,
      ...(spent ? { details: [{ spent } satisfies FailureDetails] } : {}),
      ...(error instanceof Error ? { cause: error } : {}),
    });
  }
  const { code, message, hint, retryAt, cause } = error;
  const delay = delayOf(error);
  const details: FailureDetails = {
    ...(hint ? { hint } : {}),
    ...(retryAt ? { retryAt: retryAt.toISOString() } : {}),
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

/** How long to wait before another attempt may do better; undefined where Temporal's backoff, or a person, decides. */
function delayOf({ class: errorClass, retryAt }: BelayError): number | undefined {
  if (!retryAt || !['retry', 'wait'].includes(errorClass)) return undefined;
  const delay = Math.max(0, retryAt.getTime() - Date.now());
  if (errorClass === 'retry') return Math.min(delay, MAX_RETRY_MS);
  return delay <= SHORT_WAIT_MS ? delay : undefined;
}
