import { expect, it } from 'vitest';
import type { RunState } from '../../src/contracts/run-state.ts';
import { Inbox } from '../../src/workflows/inbox.ts';

it('messages of a turn that failed come first in the next one', () => {
  const inbox = new Inbox({} as RunState);
  inbox.add('first');
  const told = inbox.take();
  expect(inbox.none).toBe(true);
  inbox.add('second');
  inbox.putBack(told);
  expect(inbox.take()).toEqual(['first', 'second']);
});
