import { describe, expect, it } from 'vitest';
import { compareFailures, missedTests } from '../../src/checks/compare-reports.ts';
import { signatureOf } from '../../src/checks/report.ts';
import type { CheckReport } from '../../src/checks/report.ts';

const failing = (...names: string[]): Pick<CheckReport, 'passed' | 'exitCode' | 'failures'> => ({
  passed: names.length === 0,
  exitCode: names.length === 0 ? 0 : 1,
  failures: names.map((name) => ({ name, file: 'a.test.js', passed: false, error: `${name} failed` })),
});
const unnamed = (command: string, exitCode = 2) => ({ passed: false, exitCode, failures: [{ name: command, command, passed: false }] });

describe('compareFailures', () => {
  it('knows the tests that fail on the base too, and no others', () => {
    const { counting, known, note } = compareFailures({ head: failing('old', 'new'), base: failing('old', 'other') });
    expect({ counting, known: known.map(({ name }) => name), note }).toEqual({ counting: [1], known: ['old'], note: undefined });
  });

  it('takes a test of the same name in another file for another one', () => {
    const moved = { ...failing('old'), failures: [{ name: 'old', file: 'b.test.js', passed: false }] };
    expect(compareFailures({ head: moved, base: failing('old') }).counting).toEqual([0]);
  });

  it('knows no more of several tests by one name than fail on the base', () => {
    const { counting, known } = compareFailures({ head: failing('each', 'each', 'each'), base: failing('each') });
    expect({ counting, known: known.length }).toEqual({ counting: [1, 2], known: 1 });
  });

  it.each([
    ['the base passes', failing('new'), failing(), undefined],
    ['neither names a test', unnamed('make check'), unnamed('make check'), /`make check` names no failing tests and fails on the base too/],
    ['only the base names its tests', unnamed('make check', 1), failing('old'), undefined],
    ['it ends with another exit code', { ...failing('old'), exitCode: 134 }, failing('old'), /exit code 1 and here with 134/],
    ['it stops at a failure', { ...failing('old'), stopped: true as const }, failing('old'), /nothing is known of those after it/],
    [
      'the base does not come to its end',
      failing('old'),
      { ...failing('old'), ended: 'timed_out' as const },
      /do not come to their end on the base/,
    ],
  ])('has everything count where %s', (_, head, base, note) => {
    const compared = compareFailures({ head, base });
    expect(compared).toMatchObject({ counting: [0], known: [] });
    if (note) expect(compared.note).toMatch(note);
    else expect(compared.note).toBeUndefined();
  });
});

const listed = (tests: Record<string, 'passed' | 'failed' | 'skipped'>): CheckReport => {
  const all = Object.entries(tests).map(([name, state]) => ({
    name,
    file: `${name.split(' ', 1)[0]}.test.js`,
    passed: state === 'passed',
    ...(state === 'skipped' ? { skipped: true } : {}),
  }));
  const failures = all.filter(({ name }) => tests[name] === 'failed');
  return { passed: failures.length === 0, exitCode: 0, notes: [], failures, outputTail: '', truncated: false, tests: all };
};
const missed = (before: CheckReport, after: CheckReport): string[] => missedTests({ before, after }).map(({ name }) => name);

describe('missedTests', () => {
  const before = listed({ 'a one': 'passed', 'a two': 'failed', 'b one': 'passed' });

  it('are those that are gone', () => {
    expect(missed(before, listed({ 'a one': 'passed', 'b one': 'passed' }))).toEqual(['a two']);
  });

  it('are those that are skipped now', () => {
    expect(missed(before, listed({ 'a one': 'passed', 'a two': 'skipped', 'b one': 'passed' }))).toEqual(['a two']);
  });

  it('are none where a test was renamed, or was skipped before', () => {
    expect(missed(before, listed({ 'a one': 'passed', 'a second': 'passed', 'b one': 'passed' }))).toEqual([]);
    expect(missed(listed({ 'a one': 'skipped', 'b one': 'passed' }), listed({ 'b one': 'passed' }))).toEqual([]);
  });

  it('are all where no test is found any more, or a runner that was asked for its tests says nothing', () => {
    const none = { ...before, passed: true, failures: [], tests: [], ranNone: true as const };
    expect(missed(before, none)).toEqual(['a one', 'a two', 'b one']);
  });

  it('are none of a file that fails now, for it may not have been loaded', () => {
    expect(missed(before, listed({ a: 'failed', 'b one': 'passed' }))).toEqual([]);
  });

  it('are none where a list is not whole', () => {
    expect(missed({ ...before, truncated: true }, listed({ 'a one': 'passed' }))).toEqual([]);
    expect(missed(before, { ...listed({ 'a one': 'passed' }), ended: 'timed_out' })).toEqual([]);
    expect(missed(before, { ...before, tests: [] })).toEqual([]);
  });
});

describe('signatureOf', () => {
  const signature = (error: string, name = 'adds'): string => signatureOf([{ name, passed: false, error }]);
  const ERROR =
    'expected 3, got -1\n    at Test.<anonymous> (/work/a/sum.test.js:4:20)\nduration 12.5 ms, 2026-01-02T03:04:05Z, /tmp/x-1/y, 0xdeadbeef';

  it('is the same for what differs from run to run', () => {
    const again =
      'expected 3, got -1\n    at Test.<anonymous> (/work/a/sum.test.js:9:1)\nduration 7 ms, 2026-02-03T04:05:06Z, /tmp/x-2/y, 0xcafe';
    expect(signature(again)).toBe(signature(ERROR));
  });

  it('is another for another value, and for another test', () => {
    expect(signature(ERROR.replace('-1', '5'))).not.toBe(signature(ERROR));
    expect(signature(ERROR, 'doubles')).not.toBe(signature(ERROR));
  });

  it('does not depend on the order', () => {
    const [one, other] = [
      { name: 'a', passed: false },
      { name: 'b', passed: false },
    ];
    expect(signatureOf([one, other])).toBe(signatureOf([other, one]));
  });
});
