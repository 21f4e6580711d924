import { expect, test } from 'vitest';
import { createEventFeed } from '../../src/http/events/event-feed.ts';
import type { EventFeed } from '../../src/http/events/event-feed.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { eventually } from '../support/eventually.ts';
import { exampleStep as step } from '../support/example-records.ts';
import { exampleRun } from '../support/example-run.ts';
import { freshLedger } from '../support/fresh-ledger.ts';

const { runId } = step;

const feedOf = (ledger: Pick<Ledger, 'readEvents' | 'latestEvent' | 'watchEvents' | 'forRepositories'>): EventFeed =>
  createEventFeed({ ledger, onProblem: (error) => expect(error).toBeUndefined() });

/** The ids of the first so many events. */
async function first(count: number, feed: EventFeed, scope: { runId?: string; after?: number }): Promise<number[]> {
  const over = new AbortController();
  const ids: number[] = [];
  for await (const events of feed.follow({ after: 0, silenceMs: 60_000, signal: over.signal, ...scope })) {
    ids.push(...events.map(({ id }) => id));
    if (ids.length >= count) over.abort();
  }
  return ids;
}

test('what happens just before and just after a client has read the ledger comes once', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await ledger.recordRun(exampleRun());
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  let [reads, told] = [0, 0];
  const isTold = (id: number): Promise<void> => eventually(async () => expect(told).toBeGreaterThanOrEqual(id));
  await using feed = feedOf({
    ...ledger,
    async latestEvent() {
      const latest = await ledger.latestEvent();
      // Once the feed knows it.
      setImmediate(begin);
      return latest;
    },
    async readEvents(query) {
      // The feed's own reading, for all.
      if (query.runId === undefined) {
        const events = await ledger.readEvents(query);
        told = events.at(-1)?.id ?? told;
        return events;
      }
      const isFirst = reads++ === 0;
      if (isFirst) {
        await ledger.recordStep({ ...step, number: 1 });
        await isTold(2);
      }
      const events = await ledger.readEvents(query);
      if (isFirst) {
        await ledger.recordStep({ ...step, number: 2 });
        await isTold(3);
      }
      return events;
    },
  });
  await begun;
  const ids = first(4, feed, { runId });
  await isTold(3);
  await ledger.recordStep({ ...step, number: 3 });
  expect(await ids).toEqual([1, 2, 3, 4]);
});

test('who joins while nobody else follows misses nothing', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await ledger.recordRun(exampleRun());
  const { promise: joined, resolve: join } = Promise.withResolvers<void>();
  let asked = 0;
  await using feed = feedOf({
    ...ledger,
    async latestEvent() {
      // The feed itself, as it begins: an event is there before it says where it is, and after the client has read.
      if (asked++ !== 0) return ledger.latestEvent();
      await joined;
      await ledger.recordStep(step);
      return ledger.latestEvent();
    },
    async readEvents(query) {
      const events = await ledger.readEvents(query);
      join();
      return events;
    },
  });
  expect(await first(2, feed, { runId })).toEqual([1, 2]);
});

test('feeds of several processes tell what any of them records', async () => {
  await using fresh = await freshLedger();
  await using other = await openLedger(fresh.place);
  await fresh.ledger.recordRun(exampleRun());
  await using one = feedOf(fresh.ledger);
  await using two = feedOf(other);
  const both = [first(41, one, {}), first(41, two, {}), first(41, two, { runId })];
  for (let number = 1; number <= 40; number++) await (number % 2 ? fresh.ledger : other).recordStep({ ...step, number });
  const ids = (await fresh.ledger.readEvents({ after: 0 })).map(({ id }) => id);
  expect(ids).toHaveLength(41);
  expect(await Promise.all(both)).toEqual([ids, ids, ids]);
});
