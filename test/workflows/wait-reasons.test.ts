import { ApplicationFailure } from '@temporalio/workflow';
import { describe, expect, it } from 'vitest';
import type { EngineName } from '../../src/contracts/constants.ts';
import { WAITS } from '../../src/contracts/constants.ts';
import { ERRORS } from '../../src/contracts/error-catalogue.ts';
import type { ErrorCode } from '../../src/contracts/errors.ts';
import type { FailureDetails } from '../../src/contracts/work.ts';
import { Failover } from '../../src/workflows/failover.ts';
import { waitOf, WaitRequest } from '../../src/workflows/waiting.ts';
import type { Waits } from '../../src/workflows/waiting.ts';

const HOUR_MS = 3_600_000;
const failed = (code: ErrorCode, details: FailureDetails = {}) => ApplicationFailure.nonRetryable('No.', code, details);
/** In whole seconds: the clock goes on. */
const secondsOf = (code: ErrorCode, details?: FailureDetails): number => {
  const { until } = waitOf(failed(code, details), WAITS) ?? { until: Number.NaN };
  return Math.round((until - Date.now()) / 1000);
};

describe('what is waited for', () => {
  it.each<[ErrorCode, string]>([
    ['engine_limit_reached', 'usage_limit'],
    ['engine_rate_limited', 'rate_limit'],
    ['forge_rate_limited', 'rate_limit'],
    ['breaker_open', 'breaker'],
  ])('%s is a wait for %s', (code, kind) => {
    expect(waitOf(failed(code), WAITS)).toMatchObject({ kind, trouble: { code, message: 'No.' } });
  });

  it('is every code of that class, and no other', () => {
    const codes = Object.keys(ERRORS) as ErrorCode[];
    const waited = codes.filter((code) => waitOf(failed(code), WAITS));
    expect(waited).toEqual(codes.filter((code) => ERRORS[code].class === 'wait'));
  });

  it('lasts as long as the host that heard it has said, whatever its clock shows', () => {
    expect(secondsOf('engine_limit_reached', { waitMs: HOUR_MS, retryAt: '1999-01-01T00:00:00.000Z' })).toBe(3600);
    expect(secondsOf('forge_rate_limited', { retryAt: new Date(Date.now() + HOUR_MS).toISOString() })).toBe(3600);
  });

  it('lasts half an hour where nobody said it, or a minute for what is counted by the minute', () => {
    expect(secondsOf('engine_limit_reached')).toBe(1800);
    expect(secondsOf('engine_limit_reached', { retryAt: 'soon' })).toBe(1800);
    expect(secondsOf('engine_rate_limited')).toBe(60);
  });
});

describe('failover', () => {
  const both: [EngineName, EngineName] = ['claude', 'scripted'];
  const failover = () => new Failover({ limits: WAITS } as Waits);
  const limitFor = (waitMs: number) => failed('engine_limit_reached', { waitMs });

  it('takes the next engine that can work, and the chosen one again when its time has come', () => {
    const engines = failover();
    expect(engines.choose(both)).toBe('claude');
    expect(engines.isShut('claude', limitFor(HOUR_MS), 'claude')).toBe(true);
    expect(engines.choose(both)).toBe('scripted');
    engines.reopen();
    expect(engines.choose(both)).toBe('claude');
  });

  it('waits for the first that can work again where none can, also when that is past', () => {
    const engines = failover();
    engines.isShut('claude', limitFor(2 * HOUR_MS), 'claude');
    engines.isShut('scripted', limitFor(HOUR_MS), 'claude');
    const waiting = () => {
      try {
        return engines.choose(both);
      } catch (error) {
        return error instanceof WaitRequest ? Math.round((error.wait.until - Date.now()) / HOUR_MS) : error;
      }
    };
    expect(waiting()).toBe(1);
  });

  it('is not for limits by the minute, nor for failures that are none of the engine', () => {
    expect(failover().isShut('claude', failed('engine_rate_limited', { waitMs: 1000 }), 'claude')).toBe(false);
    expect(failover().isShut('claude', failed('engine_crashed'), 'claude')).toBe(false);
    expect(failover().isShut('claude', failed('engine_not_installed'), 'claude')).toBe(false);
  });

  it('passes over who is not there to stand in', () => {
    const engines = failover();
    engines.isShut('claude', limitFor(HOUR_MS), 'claude');
    expect(engines.isShut('scripted', failed('engine_not_installed'), 'claude')).toBe(true);
    expect(() => engines.choose(both)).toThrow(WaitRequest);
  });
});
