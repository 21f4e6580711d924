import { expect, test } from 'vitest';
import { createHoldings } from '../../src/activities/holdings.ts';
import type { Holding } from '../../src/activities/holdings.ts';
import { leaseOf } from '../support/activity-host.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const step = { lease: leaseOf(1) };
/** Only its lease counts here. */
const holding = { lease: leaseOf(1), end: () => {}, worktree: { path: '/nowhere' } } as Holding;

const never = new AbortController().signal;

test('a second attempt works only once the first, given up by the server, has ended', async () => {
  const holdings = createHoldings();
  await using _held = holdings.add(holding);
  const order: string[] = [];
  const givenUp = new AbortController();
  const begun = Promise.withResolvers<void>();
  const ending = Promise.withResolvers<void>();
  const first = holdings.use(step, givenUp.signal, async () => {
    begun.resolve();
    await ending.promise;
    order.push('first ended');
  });
  await begun.promise;
  givenUp.abort();
  const second = holdings.use(step, new AbortController().signal, async () => order.push('second began'));
  ending.resolve();
  await Promise.all([first, second]);
  expect(order).toEqual(['first ended', 'second began']);
});

test('an attempt that is cancelled while it waits does not work any more', async () => {
  const holdings = createHoldings();
  await using _held = holdings.add(holding);
  const ending = Promise.withResolvers<void>();
  const first = holdings.use(step, new AbortController().signal, () => ending.promise);
  const cancelled = new AbortController();
  const second = holdings.use(step, cancelled.signal, () => expect.unreachable('works'));
  const outcome = expect(second).rejects.toThrow('cancelled meanwhile');
  cancelled.abort(new Error('cancelled meanwhile'));
  ending.resolve();
  await first;
  await outcome;
});

test('work whose workspace somebody took away is lost, and nothing that a person would have to mend', async () => {
  const gone = await temporaryDirectory();
  const holdings = createHoldings();
  await using _held = holdings.add({ ...holding, worktree: { path: gone.path } as Holding['worktree'] });
  const work = holdings.use(step, never, async () => {
    await gone[Symbol.asyncDispose]();
    throw new Error('there is no such folder');
  });
  await expect(work).rejects.toMatchObject({ type: 'lease_lost' });
});
