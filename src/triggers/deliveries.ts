import pLimit from 'p-limit';
import { BelayError } from '../contracts/errors.ts';
import type { ClaimedDelivery } from '../contracts/service-records.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** What became of a delivery. */
export interface Handled {
  outcome: 'started' | 'joined' | 'followed' | 'refused' | 'ignored' | 'failed';
  detail: string;
}

export interface DeliveriesOptions {
  ledger: Pick<Ledger, 'claimDeliveries' | 'settleDelivery' | 'failDelivery'>;
  handle: (delivery: ClaimedDelivery) => Promise<Handled>;
  /** While it is, deliveries are stored and wait. */
  isPaused: () => Promise<boolean>;
  onProblem: (error: unknown, message: string) => void;
  /** How often deliveries are looked for that nobody has told of; milliseconds. */
  sweepMs?: number;
  leaseMs?: number;
}

/** Processes what is stored, until it is disposed: what is at work then is waited for. */
export interface Deliveries extends AsyncDisposable {
  /** There may be new ones. */
  wake(): void;
  /** Resolves when all that was there has been processed, or waits for another try. */
  idle(): Promise<void>;
}

/** What a crash has left, or another process has stored, is found after so long. */
const SWEEP_MS = 10_000;
/** Longer than the calls to GitHub and Temporal of one delivery can take. */
const LEASE_MS = 3 * 60_000;
const AT_ONCE = 8;
const CLAIMED = 32;
/** GitHub is away for hours at times; after a day nobody waits any more. */
const MAX_ATTEMPTS = 30;
const FIRST_PAUSE_MS = 5000;
const LONGEST_PAUSE_MS = 60 * 60_000;

export function processDeliveries(options: DeliveriesOptions): Deliveries {
  const { sweepMs = SWEEP_MS, onProblem } = options;
  const over = new AbortController();
  let working: Promise<void> | undefined;
  let again = false;

  const drain = async (): Promise<void> => {
    do {
      again = false;
      await processAll(options, over.signal).catch((error: unknown) => onProblem(error, 'Deliveries could not be looked for'));
    } while (again && !over.signal.aborted);
    working = undefined;
  };
  const wake = (): void => {
    if (over.signal.aborted) return;
    again = true;
    working ??= drain();
  };
  const timer = setInterval(wake, sweepMs);
  timer.unref();
  wake();

  return {
    wake,
    async idle() {
      await working;
    },
    async [Symbol.asyncDispose]() {
      over.abort();
      clearInterval(timer);
      await working;
    },
  };
}

/** Claims until there is nothing left: no more than are soon begun, for a lease that ends before would have another begin them too. */
async function processAll(options: DeliveriesOptions, signal: AbortSignal): Promise<void> {
  const { ledger, isPaused, leaseMs = LEASE_MS } = options;
  const limit = pLimit(AT_ONCE);
  while (!signal.aborted && !(await isPaused())) {
    const claimed = await ledger.claimDeliveries({ now: new Date().toISOString(), leaseMs, limit: CLAIMED });
    if (claimed.length === 0) return;
    await Promise.all(
      claimed.map((delivery) => limit(() => (signal.aborted ? release(options, delivery) : processOne(options, delivery)))),
    );
  }
}

/** For whoever comes next: nobody has begun it. */
async function release({ ledger, onProblem }: DeliveriesOptions, { id, attempts }: ClaimedDelivery): Promise<void> {
  const given = { id, attempts, error: 'the process stopped before it began', retryAt: new Date().toISOString() };
  await ledger.failDelivery(given).catch((error: unknown) => onProblem(error, `Delivery ${id} could not be given back`));
}

async function processOne({ ledger, handle, onProblem }: DeliveriesOptions, delivery: ClaimedDelivery): Promise<void> {
  const { id, attempts } = delivery;
  try {
    const settled = await outcomeOf(handle, delivery);
    if ('retryAt' in settled) await ledger.failDelivery({ id, attempts, error: settled.error, retryAt: settled.retryAt });
    else await ledger.settleDelivery({ id, outcome: settled.outcome, detail: settled.detail, at: new Date().toISOString() });
    if (settled.cause !== undefined) onProblem(settled.cause, `Delivery ${id} failed at attempt ${attempts}`);
  } catch (error) {
    // Its lease ends, and it is claimed anew.
    onProblem(error, `What became of delivery ${id} could not be recorded`);
  }
}

type Settled = (Handled | { error: string; retryAt: string }) & { cause?: unknown };

async function outcomeOf(handle: DeliveriesOptions['handle'], delivery: ClaimedDelivery): Promise<Settled> {
  try {
    return await handle(delivery);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    if (isFinal(cause) || delivery.attempts >= MAX_ATTEMPTS) return { outcome: 'failed', detail: words, cause };
    return { error: words, retryAt: retryAt(cause, delivery.attempts).toISOString(), cause };
  }
}

/** A person has to mend it, or nobody can: it would be the same the next time. */
const isFinal = (error: unknown): boolean => error instanceof BelayError && (error.class === 'human' || error.class === 'fatal');

function retryAt(error: unknown, attempts: number): Date {
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
  const wanted = error instanceof BelayError ? (error.retryAt?.getTime() ?? 0) : 0;
  return new Date(Math.max(Date.now() + pauseMs, wanted));
}
