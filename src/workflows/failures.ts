import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { ERRORS } from '../contracts/errors.ts';
import type { ErrorClass, ErrorCode } from '../contracts/errors.ts';
import { LOST } from './profiles.ts';

/** A failure as a run keeps and shows it. */
export interface Trouble {
  code: ErrorCode;
  message: string;
  hint?: string;
}

/** Ends a phase that cannot go on without a person. */
export class ParkRequest extends Error {
  readonly trouble: Trouble;
  constructor(trouble: Trouble) {
    super(trouble.message);
    this.name = 'ParkRequest';
    this.trouble = trouble;
  }
}

export const park = (trouble: Trouble): ParkRequest => new ParkRequest(trouble);

/** Ends the pipeline well before its last phase. */
export class Finished extends Error {
  readonly outcome: 'no_changes';
  constructor(outcome: 'no_changes') {
    super(outcome);
    this.name = 'Finished';
    this.outcome = outcome;
  }
}

const isCode = (type: string | null | undefined): type is ErrorCode => type != null && Object.hasOwn(ERRORS, type);

/** What went wrong, in the catalogue's words. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof ParkRequest) return error.trouble;
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure && isCode(cause.type)) {
    const [details] = (cause.details ?? []) as [{ hint?: string }?];
    return { code: cause.type, message: cause.message, ...(details?.hint ? { hint: details.hint } : {}) };
  }
  if (cause instanceof TimeoutFailure) return { code: 'engine_timed_out', message: `A step did not end in time (${cause.timeoutType}).` };
  return { code: 'internal', message: cause instanceof Error ? cause.message : String(cause) };
}

export const classOf = ({ code }: Trouble): ErrorClass => ERRORS[code];

/** Whether the worker or the lease behind a call has gone, rather than the call having failed. */
export function isLost(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof TimeoutFailure) return cause.timeoutType !== 'START_TO_CLOSE';
  return cause instanceof ApplicationFailure && cause.type != null && LOST.includes(cause.type);
}
