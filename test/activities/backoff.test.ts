import { ApplicationFailure } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../../src/activities/failures.ts';
import { pauseAfter } from '../../src/contracts/backoff.ts';
import { BelayError } from '../../src/contracts/errors.ts';

const USUAL = { baseMs: 1000, capMs: 60_000 };

describe('the pause before another attempt', () => {
  it('is twice as long each time, and never longer than the cap', () => {
    expect([1, 2, 3, 4].map((attempt) => pauseAfter(attempt, USUAL, 0.5))).toEqual([1000, 2000, 4000, 8000]);
    expect([7, 8, 60].map((attempt) => pauseAfter(attempt, USUAL, 1))).toEqual([60_000, 60_000, 60_000]);
  });

  it('is a quarter more or less by chance', () => {
    expect([0, 0.5, 1].map((chance) => pauseAfter(2, USUAL, chance))).toEqual([1500, 2000, 2500]);
  });
});

describe('a failed attempt', () => {
  const thrown = async (error: Error, info: ConstructorParameters<typeof MockActivityEnvironment>[0]): Promise<ApplicationFailure> => {
    const failure: unknown = await new MockActivityEnvironment(info).run(async () => failureOf(error));
    if (failure instanceof ApplicationFailure) return failure;
    throw failure;
  };
  const crash = new BelayError({ code: 'engine_crashed', message: 'It crashed.' });
  const retryPolicy = { initialInterval: 200, maximumInterval: 1000 };

  it.each([crash, new Error('No idea.')])(
    'says when the next one is due, by the policy of its workflow and by chance: %s',
    async (error) => {
      const pauses: number[] = [];
      for (let time = 0; time < 20; time++) pauses.push(Number((await thrown(error, { attempt: 3, retryPolicy })).nextRetryDelay));
      expect(Math.min(...pauses)).toBeGreaterThanOrEqual(600);
      expect(Math.max(...pauses)).toBeLessThanOrEqual(1000);
      expect(new Set(pauses).size).toBeGreaterThan(1);
    },
  );

  it('says how often it was tried', async () => {
    expect(await thrown(crash, { attempt: 3, retryPolicy })).toMatchObject({ type: 'engine_crashed', details: [{ attempts: 3 }] });
  });

  it('has no other after it where a person is needed', async () => {
    const refused = await thrown(new BelayError({ code: 'forge_forbidden', message: 'No.' }), { attempt: 1, retryPolicy });
    expect({ nonRetryable: refused.nonRetryable, delay: refused.nextRetryDelay }).toEqual({ nonRetryable: true, delay: undefined });
  });
});
