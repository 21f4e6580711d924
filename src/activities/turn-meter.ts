import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineEvent, Usage } from '../engines/engine.ts';

/** Often enough that a killed worker loses next to nothing, seldom enough for the ledger. */
const WRITE_EVERY_MS = 1000;

export interface Metered extends Usage {
  costUsd: number;
}

/** Counts what a turn uses while it goes on: a turn that is ended gives no result that would say it. */
export interface TurnMeter {
  note(event: Extract<EngineEvent, { type: 'usage' }>): void;
  /** The price so far, as far as the engine has told it. */
  costUsd(): number;
  /** Nothing is written after it. Gives the sum, and whether the engine said what all of it cost. */
  stop(): Promise<{ used: Metered; isPriced: boolean } | undefined>;
}

/** `write` gets the sum so far, one call at a time; what it cannot write is left to the next call. */
export function createTurnMeter(write: (used: Metered) => Promise<void>): TurnMeter {
  const answers = new Map<string, Extract<EngineEvent, { type: 'usage' }>>();
  const stopped = new AbortController();
  let writing: Promise<void> | undefined;
  let isDirty = false;

  async function writeOn(): Promise<void> {
    while (isDirty && !stopped.signal.aborted) {
      isDirty = false;
      await write(sumOf(answers.values()));
      await sleep(WRITE_EVERY_MS, undefined, { signal: stopped.signal, ref: false }).catch(() => {});
    }
    writing = undefined;
  }

  return {
    note(event) {
      // An answer is told of several times, each time with all that it has used so far.
      answers.set(event.id, event);
      isDirty = true;
      writing ??= writeOn();
    },
    costUsd: () => sumOf(answers.values()).costUsd,
    async stop() {
      stopped.abort();
      await writing;
      if (answers.size === 0) return undefined;
      return { used: sumOf(answers.values()), isPriced: [...answers.values()].every(({ costUsd }) => costUsd !== undefined) };
    },
  };
}

function sumOf(events: Iterable<Extract<EngineEvent, { type: 'usage' }>>): Metered {
  const total: Metered = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, costUsd: 0 };
  for (const { usage, costUsd = 0 } of events) {
    total.inputTokens += usage.inputTokens;
    total.outputTokens += usage.outputTokens;
    total.cacheReadTokens += usage.cacheReadTokens;
    total.cacheWriteTokens += usage.cacheWriteTokens;
    total.costUsd += costUsd;
  }
  return total;
}
