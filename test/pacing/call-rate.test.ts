import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCallRate } from '../../src/pacing/call-rate.ts';
import type { CallRate } from '../../src/pacing/call-rate.ts';

const MINUTE_MS = 60_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Wants so many calls at once, and says when each was made. */
function want(rate: CallRate, count: number): number[] {
  const made: number[] = [];
  for (let call = 0; call < count; call++) void rate.paced(async () => void made.push(Date.now()));
  return made;
}

const mostInAMinute = (made: readonly number[]): number =>
  Math.max(...made.map((at) => made.filter((each) => each >= at && each < at + MINUTE_MS).length));

describe('a rate of calls', () => {
  it.each([1, 5, 12, 60, 83, 1000])('of %i a minute is kept in every minute, and nearly reached', async (perMinute) => {
    const rate = createCallRate({ perMinute });
    // What was not used before may be used at once.
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    const made = want(rate, perMinute * 5);
    await vi.advanceTimersByTimeAsync(3 * MINUTE_MS + 1000);
    expect(mostInAMinute(made)).toBeLessThanOrEqual(perMinute);
    expect(made.length).toBeGreaterThan(perMinute * 2);
  });

  it('is divided among those who share it', async () => {
    const rates = [createCallRate({ perMinute: 60 }), createCallRate({ perMinute: 60 }), createCallRate({ perMinute: 60 })];
    // As when one worker has learnt it late.
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    for (const rate of rates) rate.share(3);
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    const made = rates.map((rate) => want(rate, 100));
    await vi.advanceTimersByTimeAsync(3 * MINUTE_MS);
    expect(mostInAMinute(made.flat())).toBeLessThanOrEqual(60);
    expect(Math.min(...made.map(({ length }) => length))).toBeGreaterThan(30);
  });

  it('holds on average where there are more workers than calls', async () => {
    const rates = Array.from({ length: 4 }, () => createCallRate({ perMinute: 2 }));
    for (const rate of rates) rate.share(4);
    const made = rates.map((rate) => want(rate, 5));
    await vi.advanceTimersByTimeAsync(10 * MINUTE_MS);
    // Each its first at once, and then one in two minutes.
    for (const each of made) expect(each).toHaveLength(5);
    expect(made.flat().length).toBeLessThanOrEqual(4 + 2 * 10);
  });

  it('lets go at once of who does not want to wait any more, and makes no call for them', async () => {
    const rate = createCallRate({ perMinute: 1 });
    const made = want(rate, 1);
    const leaving = new AbortController();
    const calls: string[] = [];
    const left = rate.paced(async () => calls.push('left'), leaving.signal);
    const stays = rate.paced(async () => calls.push('stays'), new AbortController().signal);
    leaving.abort(new Error('cancelled'));
    await expect(left).rejects.toThrow('cancelled');
    await expect(rate.paced(async () => calls.push('late'), leaving.signal)).rejects.toThrow('cancelled');
    await vi.advanceTimersByTimeAsync(3 * MINUTE_MS);
    await stays;
    expect([made.length, calls]).toEqual([1, ['stays']]);
  });

  it('says how long one more call would wait', async () => {
    const rate = createCallRate({ perMinute: 60 });
    expect(rate.backlogMs()).toBe(0);
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    want(rate, 10 + 24);
    await vi.advanceTimersByTimeAsync(100);
    expect(rate.backlogMs()).toBeGreaterThan(20_000);
    expect(rate.backlogMs()).toBeLessThan(40_000);
    const rare = createCallRate({ perMinute: 2 });
    want(rare, 1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(rare.backlogMs()).toBeGreaterThan(15_000);
    expect(rare.backlogMs()).toBeLessThan(21_000);
  });
});
