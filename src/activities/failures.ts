import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { BelayError } from '../contracts/errors.ts';
import type { SessionView } from '../contracts/run-view.ts';
import type { FailureDetails } from '../contracts/work.ts';

/**
 * What adapters throw, as Temporal's failure: type is the catalogue's code, the hint travels in the details.
 * Cancellation is passed on; a worker that shuts down says so, for its queue goes with it.
 */
export function failureOf(error: unknown, spent?: SessionView): Error {
  if (isShutdown(error)) return ApplicationFailure.nonRetryable('The worker is shutting down.', 'WorkerRestarted');
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  if (!(error instanceof BelayError)) {
    const message = error instanceof Error ? error.message : String(error);
    return ApplicationFailure.create({
      message,
      type: 'internal',
      nonRetryable: false,
      ...(error instanceof Error ? { cause: error } : {}),
    });
  }
  const { code, message, hint, retryAt, cause } = error;
  const details: FailureDetails = {
    ...(hint ? { hint } : {}),
    ...(retryAt ? { retryAt: retryAt.toISOString() } : {}),
    ...(spent ? { spent } : {}),
  };
  return ApplicationFailure.create({
    message,
    type: code,
    // Another attempt may mend this one; the others go to the workflow at once.
    nonRetryable: error.class !== 'retry',
    details: [details],
    ...(retryAt && error.class === 'retry' ? { nextRetryDelay: Math.max(0, retryAt.getTime() - Date.now()) } : {}),
    ...(cause instanceof Error ? { cause } : {}),
  });
}

function isShutdown(error: unknown): boolean {
  return error instanceof CancelledFailure && Context.current().cancellationDetails?.workerShutdown === true;
}
