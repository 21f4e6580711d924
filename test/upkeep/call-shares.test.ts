import { expect, test, vi } from 'vitest';
import { shareCalls } from '../../src/upkeep/call-shares.ts';

test('each worker takes the share that fits the hosts that serve, and keeps it while they cannot be counted', async () => {
  vi.useFakeTimers();
  try {
    const shares: number[] = [];
    const problems: unknown[] = [];
    const away = new Error('Temporal is away');
    let serving = async (): Promise<string[]> => [];
    const rate = {
      perMinute: 60,
      share: (workers: number) => void shares.push(workers),
      backlogMs: () => 0,
      paced: <T>(call: () => Promise<T>) => call(),
    };
    const sharing = await shareCalls({ rates: [rate], serving: () => serving(), host: 'here', onProblem: (error) => problems.push(error) });
    // Its own worker does not serve yet.
    expect(shares).toEqual([1]);
    serving = async () => ['here', 'there', 'elsewhere'];
    await vi.advanceTimersByTimeAsync(10_000);
    expect(shares).toEqual([1, 3]);
    serving = () => Promise.reject(away);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([shares, problems]).toEqual([[1, 3], [away]]);
    await sharing[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(shares).toHaveLength(2);
  } finally {
    vi.useRealTimers();
  }
});
