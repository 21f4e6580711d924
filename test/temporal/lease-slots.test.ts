import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { leaseSlots } from '../../src/temporal/lease-slots.ts';
import { createAdmission } from '../../src/workspace/admission.ts';
import { createSlots } from '../../src/workspace/slots.ts';

const context = { slotType: 'activity', taskQueue: 'belay-leases', workerIdentity: 'here', workerBuildId: '1', isSticky: false } as const;
const slotInfo = { type: 'activity', activityType: 'holdWorkspace' } as const;

const forever = new AbortController().signal;

function host(size: number) {
  let why: string | undefined;
  const admission = createAdmission({
    slots: createSlots(size),
    memory: { admit: () => ({ [Symbol.dispose]() {} }), shortage: () => why },
  });
  return { admission, slots: leaseSlots(admission), short: (words?: string) => (why = words) };
}

test('a host asks for one run at a time, and for the next when the first has its place', async () => {
  const { admission, slots } = host(2);
  const permit = await slots.reserveSlot(context, forever);
  expect(slots.tryReserveSlot(context)).toBeNull();
  slots.markSlotUsed({ slotInfo, permit });
  // It was given one, which is on its way to its place.
  expect(slots.tryReserveSlot(context)).toBeNull();
  const next = slots.reserveSlot(context, forever);
  expect(admission.tryEnter('first')).toBeDefined();
  expect(await next).toBeDefined();
});

test('a host with all places taken asks for no run until one is free', async () => {
  const { admission, slots } = host(1);
  const permit = await slots.reserveSlot(context, forever);
  slots.markSlotUsed({ slotInfo, permit });
  const place = admission.tryEnter('first');
  let asked = false;
  const next = slots.reserveSlot(context, forever).then((given) => {
    asked = true;
    return given;
  });
  place?.[Symbol.dispose]();
  // Who waits has looked again by then.
  await nextTurn();
  expect(asked).toBe(false);
  slots.releaseSlot({ slotInfo, permit });
  expect(await next).toBeDefined();
});

test('a lease that never took its place is none', async () => {
  const { slots } = host(1);
  const permit = await slots.reserveSlot(context, forever);
  slots.markSlotUsed({ slotInfo, permit });
  slots.releaseSlot({ slotInfo, permit });
  expect(slots.tryReserveSlot(context)).not.toBeNull();
});

test('a run that came by way of its former host counts too', () => {
  const { admission, slots } = host(1);
  const former = admission.tryEnter('former');
  expect(slots.tryReserveSlot(context)).toBeNull();
  former?.[Symbol.dispose]();
  expect(slots.tryReserveSlot(context)).not.toBeNull();
});

test('a host that is short of memory asks for no run, and a worker that stops is told', async () => {
  const { slots, short } = host(3);
  short('memory is short');
  expect(slots.tryReserveSlot(context)).toBeNull();
  const stop = new AbortController();
  const waiting = slots.reserveSlot(context, stop.signal);
  stop.abort();
  await expect(waiting).rejects.toBe(stop.signal.reason);
});
