import { ApplicationFailure } from '@temporalio/activity';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../../src/activities/failures.ts';
import { BelayError } from '../../src/contracts/errors.ts';
import type { ErrorCode } from '../../src/contracts/errors.ts';

const HOUR_MS = 3_600_000;

function failure(code: ErrorCode, inMs: number): ApplicationFailure {
  const thrown = failureOf(new BelayError({ code, message: 'No.', retryAt: new Date(Date.now() + inMs) }));
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

  it('of what has a limit is made within minutes, or left to a person', () => {
    expect(seconds(failure('forge_rate_limited', 120_000))).toBe(120);
    expect(failure('forge_rate_limited', HOUR_MS)).toMatchObject({ nonRetryable: true, nextRetryDelay: undefined });
  });
});

const spent = { name: 'implement', engine: 'scripted', id: 's1', costUsd: 0.5, tokens: 100 } as const;
const detailsOf = (code: ErrorCode): unknown => failureOf(new BelayError({ code, message: 'It failed.' }), spent);

it('a failed turn says what it has cost; one that is played again leaves that to the next', () => {
  expect(detailsOf('engine_crashed')).toMatchObject({ details: [{ spent }] });
  expect(detailsOf('lease_lost')).toMatchObject({ type: 'lease_lost', details: [{}] });
  expect(detailsOf('lease_lost')).not.toMatchObject({ details: [{ spent }] });
});
