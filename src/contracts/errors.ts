import { entryOf } from './error-catalogue.ts';
import type { ErrorClass, ErrorCode } from './error-catalogue.ts';

export type { ErrorClass, ErrorCode } from './error-catalogue.ts';

export interface FailedUsage {
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  costUsd: number;
}

export interface BelayErrorOptions {
  code: ErrorCode;
  /** What failed, and on what. */
  message: string;
  /** What a person can do next; unless said, what the catalogue says. */
  hint?: string;
  /** When trying again makes sense, for the classes `retry` and `wait`. */
  retryAt?: Date;
  /** What an agent's turn cost although it failed. */
  usage?: FailedUsage;
  cause?: unknown;
}

/** The one error type that adapters throw on purpose. Activities turn it into Temporal's failure, the CLI into a message. */
export class BelayError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retryAt?: Date;
  readonly usage?: FailedUsage;

  constructor({ code, message, hint, retryAt, usage, cause }: BelayErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'BelayError';
    this.code = code;
    this.hint = hint ?? entryOf(code).hint;
    if (retryAt !== undefined) this.retryAt = retryAt;
    if (usage !== undefined) this.usage = usage;
  }

  get class(): ErrorClass {
    return entryOf(this.code).class;
  }
}
