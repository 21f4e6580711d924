import { expect, test } from 'vitest';
import type { CallRate } from '../../src/pacing/call-rate.ts';
import { shareCalls } from '../../src/upkeep/call-shares.ts';

test('each worker takes the share that fits the hosts that serve, and keeps it while they cannot be counted', async () => {
  const shares: number[] = [];
  const problems: unknown[] = [];
  const away = new Error('Temporal is away');
  let serving = async (): Promise<string[]> => [];
  const rate: CallRate = { perMinute: 60, share: (workers) => void shares.push(workers), backlogMs: () => 0, paced: (call) => call() };
  const onProblem = (error: unknown): void => void problems.push(error);
  const sharing = await shareCalls({ rates: [rate], serving: () => serving(), host: 'here', everyMs: 5, onProblem });
  // Its own worker does not serve yet.
  expect(shares).toEqual([1]);
  serving = async () => ['here', 'there', 'elsewhere'];
  await expect.poll(() => shares.at(-1)).toBe(3);
  serving = () => Promise.reject(away);
  await expect.poll(() => problems[0]).toBe(away);
  expect(shares.at(-1)).toBe(3);
  serving = async () => ['there'];
  await expect.poll(() => shares.at(-1)).toBe(2);
  await sharing[Symbol.asyncDispose]();
});
