import { expect, test } from 'vitest';
import { createAdmission } from '../../src/workspace/admission.ts';
import { createSlots } from '../../src/workspace/slots.ts';

const forever = new AbortController().signal;

function admission(size: number) {
  const inside: string[] = [];
  let why: string | undefined;
  const memory = {
    admit(workspace: string) {
      inside.push(workspace);
      return { [Symbol.dispose]: () => void inside.splice(inside.indexOf(workspace), 1) };
    },
    shortage: () => why,
  };
  return { places: createAdmission({ slots: createSlots(size), memory }), inside, short: (words?: string) => (why = words) };
}

test('there are as many places as slots, and who leaves makes room for the one that waits', async () => {
  const { places, inside } = admission(1);
  const first = places.tryEnter('first');
  expect([inside, places.runs]).toEqual([['first'], ['first']]);
  expect(places.obstacle()).toBe('1 of 1 workspaces are taken');
  expect(places.tryEnter('second')).toBeUndefined();
  const second = places.enter('second', forever);
  first?.[Symbol.dispose]();
  await second;
  expect([inside, places.runs]).toEqual([['second'], ['second']]);
});

test('without memory nobody is let in, and who waits keeps no place when it gives up', async () => {
  const { places: host, short } = admission(2);
  short('memory is short');
  expect(host.tryEnter('one')).toBeUndefined();
  expect(host.obstacle()).toBe('memory is short');
  const gaveUp = new Error('gave up');
  const waiting = new AbortController();
  const entering = host.enter('one', waiting.signal);
  waiting.abort(gaveUp);
  await expect(entering).rejects.toBe(gaveUp);
  short();
  expect(host.obstacle()).toBeUndefined();
  expect([host.tryEnter('two'), host.tryEnter('three')].every(Boolean)).toBe(true);
});

test('who waits for memory is let in when there is some', async () => {
  const { places: host, short, inside } = admission(1);
  short('memory is short');
  const entering = host.enter('one', forever);
  short();
  await entering;
  expect(inside).toEqual(['one']);
});
