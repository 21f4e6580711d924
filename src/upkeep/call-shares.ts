import { setTimeout as sleep } from 'node:timers/promises';
import type { CallRate } from '../pacing/call-rate.ts';

/** A worker that joins, or goes, is counted by the others after so long. */
const LOOK_MS = 10_000;

export interface CallSharesOptions {
  rates: readonly CallRate[];
  /** The hosts that serve, this one among them once it does. */
  serving: () => Promise<readonly string[]>;
  host: string;
  everyMs?: number;
  onProblem: (error: unknown, message: string) => void;
}

/** Has each worker take its share of the calls that all of them may make together. Counted once before it resolves. */
export async function shareCalls({ rates, serving, host, everyMs = LOOK_MS, onProblem }: CallSharesOptions): Promise<AsyncDisposable> {
  const over = new AbortController();
  const count = async (): Promise<void> => {
    try {
      const workers = new Set([...(await serving()), host]).size;
      for (const rate of rates) rate.share(workers);
    } catch (error) {
      if (!over.signal.aborted) onProblem(error, 'The workers could not be counted: calls go on at the rate of before');
    }
  };
  const keepCounting = async (): Promise<void> => {
    while (await sleep(everyMs, true, { signal: over.signal, ref: false }).catch(() => false)) await count();
  };
  await count();
  const ended = keepCounting();
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await ended;
    },
  };
}
