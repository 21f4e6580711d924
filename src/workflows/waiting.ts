import { condition } from '@temporalio/workflow';
import { WAITS } from '../contracts/constants.ts';
import type { WaitingFor } from '../contracts/constants.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import type { WaitLimits } from '../contracts/run-input.ts';
import { commentSoon } from './comment.ts';
import { park, ParkRequest, retryInMs, troubleOf } from './failures.ts';
import type { Trouble } from './failures.ts';
import type { Run } from './run.ts';
import { findBy } from './search-attributes.ts';
import { showWait, showWaitOver } from './view.ts';

const MINUTE_MS = 60_000;

/** A wait for something that ends by itself. */
export interface Wait {
  kind: Exclude<WaitingFor, 'approval'>;
  /** By Temporal's clock. */
  until: number;
  trouble: Trouble;
}

/** Asks for a wait that no single failure says. */
export class WaitRequest extends Error {
  readonly wait: Wait;
  constructor(wait: Wait) {
    super(wait.trouble.message);
    this.name = 'WaitRequest';
    this.wait = wait;
  }
}

const KINDS: Partial<Record<ErrorCode, Wait['kind']>> = {
  engine_limit_reached: 'usage_limit',
  engine_rate_limited: 'rate_limit',
  forge_rate_limited: 'rate_limit',
  breaker_open: 'breaker',
  host_memory_short: 'workspace',
};

/** What a failure has to wait for, if that helps. */
export function waitOf(error: unknown, { unknownMs }: WaitLimits): Wait | undefined {
  if (error instanceof WaitRequest) return error.wait;
  if (error instanceof ParkRequest) return undefined;
  const trouble = troubleOf(error);
  const kind = KINDS[trouble.code];
  if (kind === undefined) return undefined;
  const unknown = kind === 'usage_limit' ? unknownMs : Math.min(unknownMs, MINUTE_MS);
  return { kind, until: Date.now() + (retryInMs(error) ?? unknown), trouble };
}

/** The waits of a run that end by themselves. They burn no attempt and no working time. */
export class Waits {
  readonly #run: Run;
  readonly #asleep: Wait[] = [];
  #wakings = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  get limits(): WaitLimits {
    return this.#run.limits.waits ?? WAITS;
  }

  /** Does the work, waiting as often as it has to. */
  async through<T>(work: () => Promise<T>): Promise<T> {
    let since: number | undefined;
    for (let waits = 0; ; waits++) {
      try {
        return await work();
      } catch (error) {
        const wait = waitOf(error, this.limits);
        if (!wait) throw error;
        since ??= Date.now();
        await this.#wait(wait, { ms: this.#durationOf(wait, waits), since });
      }
    }
  }

  /** Ends every wait now. */
  wake(): void {
    this.#wakings++;
  }

  /** A time that is past, by a clock that is wrong or because it just went by, is no reason to ask without end. */
  #durationOf({ until }: Wait, waits: number): number {
    const { shortestMs, unknownMs } = this.limits;
    const least = Math.min(shortestMs * 2 ** waits, Math.max(shortestMs, unknownMs));
    const ms = Math.max(until - Date.now(), least);
    // Runs that wait for the same do not all come back at once.
    return Math.round(ms + Math.random() * Math.min(ms / 4, MINUTE_MS / 2));
  }

  async #wait(asked: Wait, { ms, since }: { ms: number; since: number }): Promise<void> {
    const { keepWorkspaceMs, longestMs, tellMs } = this.limits;
    if (Date.now() + ms - since > longestMs) throw tooLong(asked, longestMs);
    const woken = this.#wakings;
    const wait = { ...asked, until: Date.now() + ms };
    if (ms >= keepWorkspaceMs || wait.kind === 'workspace') await this.#run.rest();
    this.#asleep.push(wait);
    const isTold = ms >= tellMs;
    await this.#show(isTold);
    try {
      await condition(() => this.#wakings > woken, Math.max(1, wait.until - Date.now()));
    } finally {
      this.#asleep.splice(this.#asleep.indexOf(wait), 1);
      showWaitOver(this.#run.state.view);
    }
    await this.#show(isTold);
  }

  /** Of several waits, the one that ends last. */
  async #show(isTold: boolean): Promise<void> {
    const { view } = this.#run.state;
    const last = this.#asleep.toSorted((one, other) => other.until - one.until)[0];
    if (last) showWait(view, { ...last, message: last.trouble.message });
    findBy({ status: view.status });
    if (isTold) {
      commentSoon(this.#run);
      this.#run.notices.soon(last ? 'run.delayed' : 'run.resumed');
    }
    await this.#run.record();
  }
}

function tooLong({ trouble, until }: Wait, longestMs: number): ParkRequest {
  const days = Math.round(longestMs / (24 * 60 * MINUTE_MS));
  // A date beyond what a calendar knows has no name.
  const at = Math.abs(until) <= 8.64e15 ? new Date(until).toISOString() : 'a time that no calendar knows';
  return park({
    code: trouble.code,
    message: `${trouble.message.replace(/\.$/, '')}. It would go on at ${at}: the run would have waited for more than ${days} days.`,
    hint: '`belay retry` goes on, once that is over or if the time is wrong (compare the clocks). Another engine can take over: BELAY_FAILOVER.',
  });
}
