import { expect, test } from 'vitest';
import { createSlots } from '../../src/workspace/slots.ts';

test('gives as many slots as there are, then none', () => {
  const slots = createSlots(2);
  const [first, second] = [slots.tryAcquire(), slots.tryAcquire()];
  expect([first, second, slots.tryAcquire(), slots.held]).toEqual([expect.anything(), expect.anything(), undefined, 2]);
  first?.[Symbol.dispose]();
  first?.[Symbol.dispose]();
  expect(slots.held).toBe(1);
});

test('serves those who wait in order', async () => {
  const slots = createSlots(1);
  const held = await slots.acquire();
  const order: string[] = [];
  const waiting = ['a', 'b'].map(async (name) => {
    using _slot = await slots.acquire();
    order.push(name);
    expect(slots.held).toBe(1);
  });
  held[Symbol.dispose]();
  await Promise.all(waiting);
  expect(order).toEqual(['a', 'b']);
  expect(slots.held).toBe(0);
});

test('lets a waiting one leave without losing a slot', async () => {
  const slots = createSlots(1);
  const held = await slots.acquire();
  const leaver = new AbortController();
  const leaving = slots.acquire(leaver.signal);
  const staying = slots.acquire();
  leaver.abort(new Error('left'));
  await expect(leaving).rejects.toThrow('left');
  held[Symbol.dispose]();
  using _slot = await staying;
  expect(slots.held).toBe(1);
  await expect(slots.acquire(leaver.signal)).rejects.toThrow('left');
});

test('gives the slot to its new holder even if that one is cancelled in the same moment', async () => {
  const slots = createSlots(1);
  const held = await slots.acquire();
  const leaver = new AbortController();
  const waiting = slots.acquire(leaver.signal);
  held[Symbol.dispose]();
  leaver.abort(new Error('left'));
  (await waiting)[Symbol.dispose]();
  expect(slots.held).toBe(0);
});
