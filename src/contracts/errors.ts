/**
 * The catalogue of what can go wrong. The class says who can help: `retry` (try again soon), `wait` (until a given time),
 * `human` (a person has to do something, then `belay retry`), `fatal` (this input can never work).
 */
export type ErrorClass = 'retry' | 'wait' | 'human' | 'fatal';

export const ERRORS = {
  // input and repository
  invalid_input: 'fatal',
  not_a_repository: 'fatal',
  empty_repository: 'fatal',
  repository_not_found: 'fatal',
  base_not_found: 'fatal',
  issue_not_found: 'fatal',
  issue_empty: 'fatal',
  issue_too_large: 'fatal',
  settings_invalid: 'human',
  forge_file_invalid: 'human',
  issue_closed: 'fatal',
  // forges and trackers
  forge_not_logged_in: 'human',
  forge_forbidden: 'human',
  forge_refused: 'human',
  forge_rate_limited: 'wait',
  forge_unreachable: 'retry',
  earlier_work_missing: 'fatal',
  // engines
  engine_not_installed: 'human',
  engine_not_logged_in: 'human',
  engine_refused: 'human',
  engine_overloaded: 'retry',
  engine_limit_reached: 'wait',
  engine_crashed: 'retry',
  engine_stalled: 'retry',
  engine_timed_out: 'retry',
  engine_budget_exhausted: 'human',
  engine_invalid_output: 'human',
  script_invalid: 'human',
  // work
  setup_failed: 'human',
  tests_failing: 'human',
  tests_weakened: 'human',
  protected_paths_changed: 'human',
  merge_conflict: 'human',
  review_blockers: 'human',
  branch_checked_out: 'human',
  branch_moved: 'human',
  push_rejected: 'human',
  git_failed: 'retry',
  run_timed_out: 'human',
  run_terminated: 'human',
  step_timed_out: 'human',
  // hosts
  lease_lost: 'retry',
  work_elsewhere: 'human',
  no_slot: 'retry',
  ports_exhausted: 'retry',
  disk_full: 'human',
  home_locked: 'human',
  temporal_unreachable: 'retry',
  temporal_not_installed: 'human',
  ledger_busy: 'retry',
  ledger_unusable: 'human',
  configuration_invalid: 'fatal',
  internal: 'human',
} as const satisfies Record<string, ErrorClass>;

export type ErrorCode = keyof typeof ERRORS;

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
  /** What a person can do next. */
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
  readonly hint?: string;
  readonly retryAt?: Date;
  readonly usage?: FailedUsage;

  constructor({ code, message, hint, retryAt, usage, cause }: BelayErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'BelayError';
    this.code = code;
    if (hint !== undefined) this.hint = hint;
    if (retryAt !== undefined) this.retryAt = retryAt;
    if (usage !== undefined) this.usage = usage;
  }

  get class(): ErrorClass {
    return ERRORS[this.code];
  }
}
