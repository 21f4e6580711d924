import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { deadlineIn } from '../../src/process/deadline.ts';

test('a deadline aborts when its time is over', async () => {
  using deadline = deadlineIn(5);
  expect(deadline.signal.aborted).toBe(false);
  await vi.waitFor(() => expect(deadline.signal.aborted).toBe(true));
  expect(deadline.signal.reason).toMatchObject({ name: 'TimeoutError', message: 'It took longer than 0.005 s.' });
});

test('a deadline that was taken back aborts nothing', async () => {
  const kept = deadlineIn(1);
  kept[Symbol.dispose]();
  await sleep(20);
  expect(kept.signal.aborted).toBe(false);
});
