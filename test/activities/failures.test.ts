import { ApplicationFailure } from '@temporalio/activity';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../../src/activities/failures.ts';
import { BelayError } from '../../src/contracts/errors.ts';
import type { ErrorCode } from '../../src/contracts/errors.ts';

const HOUR_MS = 3_600_000;

function failure(code: ErrorCode, inMs: number, left: { maxWaitMs?: number } = {}): ApplicationFailure {
  const thrown = failureOf(new BelayError({ code, message: 'No.', retryAt: new Date(Date.now() + inMs) }), left);
  if (thrown instanceof ApplicationFailure) return thrown;
  throw thrown;
}

/** The clock has moved on since the time was set. */
const seconds = ({ nextRetryDelay }: ApplicationFailure): number => Math.ceil(Number(nextRetryDelay) / 1000);

describe('another attempt', () => {
  it.each([
    ['at its time', 30_000, 30],
    ['after a minute at most, even if the clock has jumped back', 24 * HOUR_MS, 60],
    ['at once, if the clock has jumped forward', -24 * HOUR_MS, 0],
  ])('is made %s', (_, inMs, expected) => {
    const passing = failure('engine_overloaded', inMs);
    expect({ seconds: seconds(passing), nonRetryable: passing.nonRetryable }).toEqual({ seconds: expected, nonRetryable: false });
  });

  it.each(['forge_rate_limited', 'engine_rate_limited', 'engine_limit_reached', 'breaker_open'] as const)(
    'is not made of what has to wait: %s goes to the run at once, with the time by this clock',
    (code) => {
      const waiting = failure(code, 30_000);
      expect(waiting).toMatchObject({ type: code, nonRetryable: true });
      expect(waiting.nextRetryDelay ?? undefined).toBeUndefined();
      const [{ waitMs }] = waiting.details as [{ waitMs: number }];
      expect(Math.ceil(waitMs / 1000)).toBe(30);
    },
  );

  it('of a comment is made when a short limit ends; for a longer one the next comment does', () => {
    const comment = (inMs: number) => failure('forge_rate_limited', inMs, { maxWaitMs: 60_000 });
    expect(seconds(comment(30_000))).toBe(30);
    expect(comment(HOUR_MS)).toMatchObject({ nonRetryable: true });
  });

  it('is not held up by a time that is none', () => {
    expect(failure('engine_limit_reached', Number.NaN)).toMatchObject({ type: 'engine_limit_reached', details: [{}] });
  });
});

const spent = { name: 'implement', engine: 'scripted', id: 's1', costUsd: 0.5, tokens: 100 } as const;
const detailsOf = (code: ErrorCode): unknown => failureOf(new BelayError({ code, message: 'It failed.' }), { spent });

it('a failed turn says what it has cost; one that is played again leaves that to the next', () => {
  expect(detailsOf('engine_crashed')).toMatchObject({ details: [{ spent }] });
  expect(detailsOf('lease_lost')).toMatchObject({ type: 'lease_lost', details: [{}] });
  expect(detailsOf('lease_lost')).not.toMatchObject({ details: [{ spent }] });
});
