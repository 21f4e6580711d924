import { setTimeout as sleep } from 'node:timers/promises';
import type { RunView } from '../contracts/run-view.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { isInQueue, isSamePlace, queuePlaces } from '../texts/queue.ts';
import type { QueuePlace } from '../texts/queue.ts';

/** A view, and where its run stands while it waits for a workspace. */
export type PlacedView = RunView & { queue?: QueuePlace };

type Records = Pick<Ledger, 'listRuns' | 'listHosts'>;

/** Longer queues are counted as far as that. */
const MAX_QUEUE = 10_000;
/** Who gets a workspace at once has not waited for one. */
const LOOK_MS = 2000;

/** Where those of the runs stand that wait for a workspace, by id. */
export async function placesOf(ledger: Records, runs: readonly RunView[]): Promise<Map<string, QueuePlace>> {
  if (!runs.some(isInQueue)) return new Map();
  const [waiting, hosts] = await Promise.all([ledger.listRuns({ status: ['pending', 'waiting'], limit: MAX_QUEUE }), ledger.listHosts()]);
  return queuePlaces(waiting, hosts, Date.now());
}

/** A run's views as they come, and its place in the queue while it waits there, whenever that has changed. */
export async function* withPlaces(views: AsyncIterable<RunView>, ledger: Records): AsyncGenerator<PlacedView> {
  const iterator = views[Symbol.asyncIterator]();
  let next = iterator.next();
  let last: PlacedView | undefined;
  try {
    for (;;) {
      const over = new AbortController();
      const late = sleep(LOOK_MS, undefined, { signal: over.signal }).catch(() => undefined);
      const come = await Promise.race([next, late]);
      over.abort();
      if (come) {
        if (come.done) return;
        yield (last = come.value);
        next = iterator.next();
      } else if (last && isInQueue(last)) {
        const queue = (await placesOf(ledger, [last])).get(last.id);
        if (queue && !isSamePlace(queue, last.queue)) yield (last = { ...last, queue });
      }
    }
  } finally {
    // Who listens no longer does not hear how the last question ended either.
    next.catch(() => {});
    void iterator.return?.();
  }
}
