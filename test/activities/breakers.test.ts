import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createBreakers } from '../../src/activities/breakers.ts';
import type { Breaker, BreakerTiming } from '../../src/activities/breakers.ts';
import { BelayError } from '../../src/contracts/errors.ts';
import type { ErrorCode } from '../../src/contracts/errors.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const TIMING: BreakerTiming = { failures: 5, openMs: 60_000, successes: 2 };
/** Over as soon as it is looked at. */
const SHORT: BreakerTiming = { ...TIMING, openMs: 1 };

const breakerOf = (ledger: Ledger, timing = TIMING): Breaker =>
  createBreakers({
    ledger,
    ...timing,
    onProblem: (error) => {
      throw error;
    },
  })('engine', 'claude');

const failing = (code: ErrorCode) => async (): Promise<never> => {
  throw new BelayError({ code, message: 'The model is overloaded.', usage: USAGE });
};
const USAGE = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 1, cacheWriteTokens: 1, costUsd: 1 };
const working = async (): Promise<string> => 'done';
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof BelayError ? error.code : String(error)),
  );

async function failTimes(breaker: Breaker, times: number): Promise<string[]> {
  const codes: string[] = [];
  for (let time = 0; time < times; time++) codes.push(await codeOf(breaker.run(failing('engine_overloaded'))));
  return codes;
}

/** Two processes of one home. */
async function withLedgers(test: (one: Ledger, other: Ledger) => Promise<void>): Promise<void> {
  await using home = await temporaryDirectory();
  const path = join(home.path, 'ledger.db');
  await using one = await openLedger({ path });
  await using other = await openLedger({ path });
  await test(one, other);
}

describe('a breaker', () => {
  it('opens with the fifth failure in a row, whoever met them, and is open for all', () =>
    withLedgers(async (one, other) => {
      expect(await failTimes(breakerOf(one), 3)).toEqual(['engine_overloaded', 'engine_overloaded', 'engine_overloaded']);
      expect(await failTimes(breakerOf(other), 2)).toEqual(['engine_overloaded', 'breaker_open']);
      let worked = false;
      const call = breakerOf(one).run(async () => void (worked = true));
      await expect(call).rejects.toMatchObject({ code: 'breaker_open', class: 'wait' });
      expect(worked).toBe(false);
      await expect(breakerOf(other).check()).rejects.toMatchObject({ code: 'breaker_open' });
    }));

  it('tells whose failure opens it when to try again, what failed, and what it has cost', () =>
    withLedgers(async (ledger) => {
      await failTimes(breakerOf(ledger), 4);
      const error: unknown = await breakerOf(ledger)
        .run(failing('engine_overloaded'))
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ message: expect.stringContaining('The model is overloaded.') as string, usage: USAGE });
      const seconds = ((error as BelayError).retryAt?.getTime() ?? 0) - Date.now();
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(60_000);
    }));

  it('counts only failures in a row, and nothing that says nothing of the other side', () =>
    withLedgers(async (ledger) => {
      const breaker = breakerOf(ledger);
      await failTimes(breaker, 4);
      expect(await breaker.run(working)).toBe('done');
      expect(await codeOf(breaker.run(failing('engine_refused')))).toBe('engine_refused');
      expect(await failTimes(breaker, 4)).not.toContain('breaker_open');
      expect(await codeOf(breaker.run(failing('engine_crashed')))).toBe('engine_crashed');
      expect(await failTimes(breaker, 1)).toEqual(['breaker_open']);
    }));

  it('closes after two successes on trial, and opens again at the first failure there', () =>
    withLedgers(async (one, other) => {
      await failTimes(breakerOf(one, SHORT), 5);
      await sleep(5);
      expect(await breakerOf(one, SHORT).run(working)).toBe('done');
      expect(await failTimes(breakerOf(other), 1)).toEqual(['breaker_open']);
      await sleep(5);
      // By the short time it is over again.
      expect(await breakerOf(one, SHORT).run(working)).toBe('done');
      expect(await breakerOf(other, SHORT).run(working)).toBe('done');
      expect(await failTimes(breakerOf(one), 4)).not.toContain('breaker_open');
    }));

  it('is not open for longer than its time by a clock that was ahead', () =>
    withLedgers(async (ledger) => {
      const policy = { ownState: { value: 1, openedAt: Date.now() + 3_600_000, attemptNo: 1 }, breakerState: 5 };
      await ledger.writeBreaker({ key: 'engine:claude', state: JSON.stringify({ policy, trials: 0 }), version: 1 });
      expect(await breakerOf(ledger).run(working)).toBe('done');
    }));

  it('loses no failure when many come at once', () =>
    withLedgers(async (one, other) => {
      const timing = { ...TIMING, failures: 20 };
      await Promise.all(Array.from({ length: 19 }, (_, index) => failTimes(breakerOf(index % 2 ? one : other, timing), 1)));
      expect(await failTimes(breakerOf(one, timing), 1)).toEqual(['breaker_open']);
    }));

  it('lets work through whose ledger fails', async () => {
    const problems: string[] = [];
    const refuse = async (): Promise<never> => {
      throw new Error('no ledger');
    };
    const breaker = createBreakers({
      ledger: { readBreaker: refuse, writeBreaker: refuse },
      ...TIMING,
      onProblem: (_, message) => problems.push(message),
    })('forge', 'github');
    expect(await breaker.run(working)).toBe('done');
    expect(problems).toHaveLength(2);
  });
});
