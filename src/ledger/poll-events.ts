import { setTimeout as sleep } from 'node:timers/promises';
import type { EventSource } from './flavour.ts';

/** Who follows a run sees what happened within this time. A look is one step down an index: some microseconds. */
const LOOK_MS = 200;

/** Watches a database that tells nothing by itself. */
export function pollEvents({ latestEvent, onNews, onProblem }: EventSource): AsyncDisposable {
  const over = new AbortController();
  const keepLooking = async (): Promise<void> => {
    let known = -1;
    do {
      try {
        const latest = await latestEvent();
        if (latest === known) continue;
        await onNews();
        known = latest;
      } catch (error) {
        onProblem(error);
      }
    } while (await sleep(LOOK_MS, true, { signal: over.signal, ref: false }).catch(() => false));
  };
  const ended = keepLooking();
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await ended;
    },
  };
}
