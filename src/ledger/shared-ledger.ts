import { setTimeout as sleep } from 'node:timers/promises';
import { BelayError } from '../contracts/errors.ts';
import type { Ledger } from './ledger.ts';
import { openLedger } from './open-ledger.ts';
import type { LedgerPlace } from './open-ledger.ts';
import { isAway } from './postgres-errors.ts';
import type { EventWatch } from './service-ledger.ts';

/** Less than the 5 s that a run gives a recording. A database that is there answers in milliseconds. */
const ANSWER_MS = 4000;

export interface SharedLedgerOptions {
  place: LedgerPlace;
  onProblem: (error: unknown, message: string) => void;
}

/** The database that may be away. */
export class SharedLedger implements AsyncDisposable {
  readonly #place: LedgerPlace;
  readonly #onProblem: SharedLedgerOptions['onProblem'];
  #ledger: Ledger | undefined;
  #away: BelayError | undefined;

  constructor({ place, onProblem }: SharedLedgerOptions) {
    this.#place = place;
    this.#onProblem = onProblem;
  }

  /** Why it cannot be asked for the moment, if so. */
  get away(): BelayError | undefined {
    return this.#away;
  }

  /** Throws what waiting does not mend. */
  async begin(): Promise<void> {
    try {
      await this.look();
    } catch (error) {
      if (!isAway(error)) throw error;
    }
  }

  /** Asks whether it is there. */
  async look(): Promise<void> {
    try {
      this.#ledger ??= await openLedger(this.#place);
      await soon(this.#ledger.latestEvent());
      this.#away = undefined;
    } catch (error) {
      throw this.#noted(error);
    }
  }

  /** Something that takes no time: no answer is as good as none at all. */
  askSoon<T>(question: (ledger: Ledger) => Promise<T>): Promise<T> {
    return this.ask((ledger) => soon(question(ledger)));
  }

  async ask<T>(question: (ledger: Ledger) => Promise<T>): Promise<T> {
    if (this.#away) throw this.#away;
    if (!this.#ledger) throw notOpened();
    try {
      return await question(this.#ledger);
    } catch (error) {
      throw this.#noted(error);
    }
  }

  watchEvents(watch: EventWatch): AsyncDisposable {
    if (!this.#ledger) throw this.#away ?? notOpened();
    return this.#ledger.watchEvents(watch);
  }

  #noted(error: unknown): unknown {
    if (!isAway(error)) return error;
    if (!this.#away) this.#onProblem(error, 'The database is away; what is recorded is kept on this host until it is back');
    this.#away = error;
    return error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ledger?.[Symbol.asyncDispose]();
  }
}

const notOpened = (): Error => new Error('The ledger has not been opened.');

async function soon<T>(answer: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = sleep(ANSWER_MS, undefined, { signal: over.signal, ref: false }).then(() => {
    throw new BelayError({
      code: 'ledger_unreachable',
      message: `The database of the ledger did not answer within ${ANSWER_MS / 1000} s.`,
    });
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    over.abort();
    // Whichever came second has nobody who waits for it.
    answer.catch(() => {});
    late.catch(() => {});
  }
}
