import type { SessionRecord } from '../contracts/records.ts';
import { totalTokens } from '../contracts/records.ts';
import type { Usage } from '../engines/engine.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** What one step used in one session. */
export interface Spent extends Usage {
  costUsd: number;
  durationMs: number;
}

const NOTHING: Spent = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, costUsd: 0, durationMs: 0 };

/** What a step has used so far, over all its turns and attempts: a resumed session adds to what it had. */
export interface Spending {
  /** Adds a turn and gives the session's totals in this step. */
  add(sessionId: string, more: Spent): Spent;
  /** The same for a turn that is not over, without adding it. */
  soFar(sessionId: string, more: Spent): Spent;
  total(): { costUsd: number; tokens: number };
}

/** Goes on from what earlier attempts of the step have left in the ledger. */
export async function openSpending({ ledger }: { ledger: Ledger }, { runId, step }: { runId: string; step: number }): Promise<Spending> {
  const records = (await ledger.listSessions(runId)).filter((record) => record.step === step);
  const spent = new Map(records.map((record) => [record.sessionId, spentIn(record)]));
  return {
    add(sessionId, more) {
      const after = sumOf(spent.get(sessionId) ?? NOTHING, more);
      spent.set(sessionId, after);
      return after;
    },
    soFar: (sessionId, more) => sumOf(spent.get(sessionId) ?? NOTHING, more),
    total() {
      const all = [...spent.values()];
      return {
        costUsd: all.reduce((sum, { costUsd }) => sum + costUsd, 0),
        tokens: all.reduce((sum, each) => sum + totalTokens(each), 0),
      };
    },
  };
}

function sumOf(one: Spent, other: Spent): Spent {
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    cacheReadTokens: one.cacheReadTokens + other.cacheReadTokens,
    cacheWriteTokens: one.cacheWriteTokens + other.cacheWriteTokens,
    costUsd: one.costUsd + other.costUsd,
    durationMs: one.durationMs + other.durationMs,
  };
}

function spentIn({ inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, costUsd, durationMs }: SessionRecord): Spent {
  return { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, costUsd, durationMs };
}
