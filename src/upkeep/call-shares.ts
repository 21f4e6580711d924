import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { HOST_RECORD_FRESH_MS } from '../contracts/records.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { CallRate } from '../pacing/call-rate.ts';
import { servingHosts } from '../temporal/serving.ts';

/** A worker that joins, or goes, is counted by the others after so long. */
const LOOK_MS = 10_000;

/** Ids of the hosts that serve, by what they do. */
export interface Serving {
  /** Whatever they do. */
  all: readonly string[];
  /** Those with workspaces. */
  runners: readonly string[];
}

export interface CallSharesOptions {
  /** Of GitHub by all workers; of agents by those with workspaces. */
  rates: { github: CallRate; agents?: CallRate };
  /** This host among them once it serves. */
  serving: () => Promise<Serving>;
  host: string;
  everyMs?: number;
  onProblem: (error: unknown, message: string) => void;
}

/** Has each worker take its share of the calls that all of them may make together. Counted once before it resolves. */
export async function shareCalls({ rates, serving, host, everyMs = LOOK_MS, onProblem }: CallSharesOptions): Promise<AsyncDisposable> {
  const over = new AbortController();
  const count = async (): Promise<void> => {
    try {
      const { all, runners } = await serving();
      const among = (hosts: readonly string[]): number => new Set([...hosts, host]).size;
      rates.github.share(among(all));
      rates.agents?.share(among(runners));
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

/** Who decides is known to Temporal; who only works asks it for nothing while there is no room, and is known to the ledger. */
export function servingBy({ client, ledger }: { client: Client; ledger: Pick<Ledger, 'listHosts'> }): () => Promise<Serving> {
  return async () => {
    const [{ deciding, working }, records] = await Promise.all([servingHosts(client), ledger.listHosts()]);
    const recorded = records.filter(({ at }) => Date.now() - Date.parse(at) < HOST_RECORD_FRESH_MS).map(({ id }) => id);
    return { all: [...deciding, ...recorded], runners: [...working, ...recorded] };
  };
}
