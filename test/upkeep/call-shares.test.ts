import { expect, test } from 'vitest';
import type { CallRate } from '../../src/pacing/call-rate.ts';
import type { Serving } from '../../src/upkeep/call-shares.ts';
import { shareCalls } from '../../src/upkeep/call-shares.ts';

test('each worker takes the share that fits the hosts that serve, and keeps it while they cannot be counted', async () => {
  const shares: number[] = [];
  const ofAgents: number[] = [];
  const problems: unknown[] = [];
  const away = new Error('Temporal is away');
  let serving = async (): Promise<Serving> => ({ all: [], runners: [] });
  const rateInto = (list: number[]): CallRate => ({
    perMinute: 60,
    share: (workers) => void list.push(workers),
    backlogMs: () => 0,
    paced: (call) => call(),
  });
  const onProblem = (error: unknown): void => void problems.push(error);
  const sharing = await shareCalls({
    rates: { github: rateInto(shares), agents: rateInto(ofAgents) },
    serving: () => serving(),
    host: 'here',
    everyMs: 5,
    onProblem,
  });
  // Its own worker does not serve yet.
  expect(shares).toEqual([1]);
  serving = async () => ({ all: ['here', 'there', 'elsewhere'], runners: ['here', 'there'] });
  await expect.poll(() => shares.at(-1)).toBe(3);
  // Who only decides calls no agent.
  await expect.poll(() => ofAgents.at(-1)).toBe(2);
  serving = () => Promise.reject(away);
  await expect.poll(() => problems[0]).toBe(away);
  expect(shares.at(-1)).toBe(3);
  serving = async () => ({ all: ['there'], runners: [] });
  await expect.poll(() => shares.at(-1)).toBe(2);
  await sharing[Symbol.asyncDispose]();
});
