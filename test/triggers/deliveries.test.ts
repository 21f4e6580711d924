import { expect, test } from 'vitest';
import { BelayError } from '../../src/contracts/errors.ts';
import { processDeliveries } from '../../src/triggers/deliveries.ts';
import type { DeliveriesOptions, Handled } from '../../src/triggers/deliveries.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { eventually } from '../support/eventually.ts';
import { triggerDesk } from '../support/trigger-desk.ts';
import { waiting } from '../support/webhooks.ts';

const IGNORED: Handled = { outcome: 'ignored', detail: 'nothing' };
const store = (ledger: Ledger, id: string) =>
  ledger.storeDelivery({ id, source: 'github', event: 'push', receivedAt: new Date().toISOString(), payload: '{}' });

function processing(ledger: Ledger, options: Partial<DeliveriesOptions>) {
  const problems: unknown[] = [];
  const onProblem = (error: unknown): void => void problems.push(error);
  const isPaused = () => Promise.resolve(false);
  const deliveries = processDeliveries({
    ledger,
    handle: () => Promise.resolve(IGNORED),
    isPaused,
    onProblem,
    sweepMs: 3_600_000,
    ...options,
  });
  return Object.assign(deliveries, { problems });
}

test('what was stored before it began, and what it is told of, is processed once', async () => {
  await using desk = await triggerDesk();
  const handled: string[] = [];
  const handle = ({ id }: { id: string }) => Promise.resolve((handled.push(id), IGNORED));
  await store(desk.ledger, 'before');
  await using deliveries = processing(desk.ledger, { handle });
  await deliveries.idle();
  await store(desk.ledger, 'after');
  deliveries.wake();
  await deliveries.idle();
  expect(handled).toEqual(['before', 'after']);
  expect(await waiting(desk.ledger)).toEqual([]);
});

test('what nobody tells of, because a crash has left it, is found', async () => {
  await using desk = await triggerDesk();
  const handled: string[] = [];
  await using _deliveries = processing(desk.ledger, {
    sweepMs: 10,
    handle: ({ id }) => Promise.resolve((handled.push(id), IGNORED)),
  });
  await store(desk.ledger, 'left');
  // Another process has begun it and was killed: its lease ends.
  await eventually(async () => expect(handled).toEqual(['left']));
});

test('what another process has begun is left to it until its lease ends', async () => {
  await using desk = await triggerDesk();
  await store(desk.ledger, 'one');
  const now = Date.now();
  expect(await desk.ledger.claimDeliveries({ now: new Date(now).toISOString(), leaseMs: 60_000, limit: 1 })).toHaveLength(1);
  const handled: string[] = [];
  await using deliveries = processing(desk.ledger, { handle: ({ id }) => Promise.resolve((handled.push(id), IGNORED)) });
  await deliveries.idle();
  expect(handled).toEqual([]);
  const afterwards = await desk.ledger.claimDeliveries({ now: new Date(now + 61_000).toISOString(), leaseMs: 1, limit: 1 });
  expect(afterwards).toMatchObject([{ id: 'one', attempts: 2 }]);
});

test('what fails for a passing reason waits, and what nobody can help is done with', async () => {
  await using desk = await triggerDesk();
  const failures: Record<string, Error> = {
    passing: new BelayError({ code: 'forge_unreachable', message: 'Away.' }),
    unknown: new Error('What is this?'),
    final: new BelayError({ code: 'forge_forbidden', message: 'No.' }),
  };
  for (const id of Object.keys(failures)) await store(desk.ledger, id);
  await using deliveries = processing(desk.ledger, { handle: ({ id }) => Promise.reject(failures[id]) });
  await deliveries.idle();
  expect((await waiting(desk.ledger)).map(({ id }) => id).toSorted()).toEqual(['passing', 'unknown']);
  expect(deliveries.problems).toHaveLength(3);
});

test('while the intake is paused deliveries wait', async () => {
  await using desk = await triggerDesk();
  let paused = true;
  const handled: string[] = [];
  await store(desk.ledger, 'one');
  await using deliveries = processing(desk.ledger, {
    isPaused: () => Promise.resolve(paused),
    handle: ({ id }) => Promise.resolve((handled.push(id), IGNORED)),
  });
  await deliveries.idle();
  expect(handled).toEqual([]);
  paused = false;
  deliveries.wake();
  await deliveries.idle();
  expect(handled).toEqual(['one']);
});

test('what is at work when it is to end is brought to its end, and nothing else begun', async () => {
  await using desk = await triggerDesk();
  for (let number = 0; number < 40; number++) await store(desk.ledger, `delivery-${number}`);
  const [full, over] = [Promise.withResolvers<void>(), Promise.withResolvers<Handled>()];
  let handled = 0;
  const deliveries = processing(desk.ledger, {
    handle: () => {
      if (++handled === 8) full.resolve();
      return over.promise;
    },
  });
  await full.promise;
  const ended = deliveries[Symbol.asyncDispose]();
  over.resolve(IGNORED);
  await ended;
  expect(handled).toBe(8);
  expect(await waiting(desk.ledger)).toHaveLength(32);
});
