import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { entryOf, ERRORS } from '../contracts/error-catalogue.ts';
import type { ErrorClass, ErrorCode } from '../contracts/error-catalogue.ts';
import type { SessionView } from '../contracts/run-view.ts';
import type { FailureDetails } from '../contracts/work.ts';
import { LOST } from './profiles.ts';

/** A failure as a run keeps and shows it. */
export interface Trouble {
  code: ErrorCode;
  message: string;
  hint?: string;
  /** How often the failing step was tried, where it is known. */
  attempts?: number;
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

export const park = (trouble: Trouble): ParkRequest => new ParkRequest({ ...trouble, hint: trouble.hint ?? entryOf(trouble.code).hint });

/** Ends the pipeline well before its last phase: no changes are needed. */
export class Finished extends Error {
  constructor() {
    super('Nothing is left to do.');
    this.name = 'Finished';
  }
}

/** Ends a run whose result nobody wants any more. Its message says why; the work is kept. */
export class Withdrawn extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Withdrawn';
  }
}

/** Ends a phase without its result, although what is done so far is worth going on with. */
export class Unfinished extends Error {
  readonly trouble: Trouble;
  constructor(trouble: Trouble) {
    super(trouble.message);
    this.name = 'Unfinished';
    this.trouble = trouble;
  }
}

/** Ends a run that has worked for longer than it may. */
export class Overtime extends Error {
  constructor() {
    super('The run worked longer than it may.');
    this.name = 'Overtime';
  }
}

const isCode = (type: string | null | undefined): type is ErrorCode => type != null && Object.hasOwn(ERRORS, type);

/** What went wrong, in the catalogue's words. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof ParkRequest || error instanceof Unfinished) return error.trouble;
  const cause = causeOf(error);
  if (cause instanceof ApplicationFailure && isCode(cause.type)) {
    const { hint = entryOf(cause.type).hint, attempts } = detailsOf(cause);
    return { code: cause.type, message: cause.message, hint, ...(attempts === undefined ? {} : { attempts }) };
  }
  if (cause instanceof TimeoutFailure) return known('step_timed_out', `A step did not end in time (${cause.timeoutType}).`);
  return known('internal', cause instanceof Error ? cause.message : String(cause));
}

/** What an agent's failed step has cost, if it is known. */
export function spentIn(error: unknown): SessionView | undefined {
  const cause = causeOf(error);
  return cause instanceof ApplicationFailure ? detailsOf(cause).spent : undefined;
}

/** In how long trying again makes sense, if that was said. */
export function retryInMs(error: unknown): number | undefined {
  const cause = causeOf(error);
  const { waitMs, retryAt } = cause instanceof ApplicationFailure ? detailsOf(cause) : {};
  // A time by itself is by a clock that need not agree with Temporal's.
  const ms = waitMs ?? (retryAt === undefined ? undefined : Date.parse(retryAt) - Date.now());
  return ms === undefined || Number.isNaN(ms) ? undefined : ms;
}

/** Commits that an agent's failed step has left. */
export function leftBy(error: unknown): Pick<FailureDetails, 'checkpoint' | 'interim'> {
  const cause = causeOf(error);
  return cause instanceof ApplicationFailure ? detailsOf(cause) : {};
}

const known = (code: ErrorCode, message: string): Trouble => ({ code, message, hint: entryOf(code).hint });

const causeOf = (error: unknown): unknown => (error instanceof ActivityFailure ? error.cause : error);

const detailsOf = ({ details }: ApplicationFailure): FailureDetails => details?.[0] ?? {};

export const classOf = ({ code }: Trouble): ErrorClass => entryOf(code).class;

/** Whether the worker or the lease behind a call has gone, rather than the call having failed. */
export function isLost(error: unknown): boolean {
  const cause = causeOf(error);
  if (cause instanceof TimeoutFailure) return cause.timeoutType !== 'START_TO_CLOSE';
  return cause instanceof ApplicationFailure && cause.type != null && LOST.includes(cause.type);
}

/** Whether nothing was heard of the host any more. */
export function isSilent(error: unknown): boolean {
  const cause = causeOf(error);
  return cause instanceof TimeoutFailure && cause.timeoutType === 'HEARTBEAT';
}
