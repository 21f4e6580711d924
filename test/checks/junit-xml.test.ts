import { describe, expect, it } from 'vitest';
import type { ChecksResult } from '../../src/checks/checks-result.ts';
import { parseJUnit } from '../../src/checks/junit.ts';
import { junitXml } from '../../src/checks/junit-xml.ts';

const passing: ChecksResult = {
  passed: true,
  exitCode: 0,
  durationMs: 1234,
  failures: [],
  tests: [],
  truncated: false,
  outputTail: '',
  noTests: false,
  notes: [],
};

describe('junitXml', () => {
  it('has every test with its outcome, and is read back the same', async () => {
    const failed = { name: 'adds', file: 'a.test.js', passed: false, error: '2 is not 3\n  at a.test.js:1', command: 'npm test' };
    const tests = [failed, { name: 'is fine', file: 'a.test.js', passed: true }, { name: 'waits', passed: false, skipped: true }];
    const xml = junitXml(['npm test'], { ...passing, passed: false, exitCode: 1, tests, failures: [failed] });
    expect(xml).toContain('<testsuite name="npm test" tests="3" failures="1" errors="0" skipped="1" time="1.234">');
    expect(xml).toContain('<property name="exitCode" value="1"/>');
    expect(await parseJUnit(xml)).toEqual([
      { name: 'adds', suites: ['npm test'], className: 'a.test.js', file: 'a.test.js', passed: false, skipped: false, error: failed.error },
      { name: 'is fine', suites: ['npm test'], className: 'a.test.js', file: 'a.test.js', passed: true, skipped: false, error: '' },
      { name: 'waits', suites: ['npm test'], className: '', passed: false, skipped: true, error: '' },
    ]);
  });

  it('escapes what is markup, and leaves out what XML cannot hold', async () => {
    const name = `<&>"' ]]> é 😀 \u0000\u001b[31m\uFFFE\uD800 end`;
    const failed = { name, passed: false, error: `${name}\nsecond` };
    const xml = junitXml(['a && b'], { ...passing, passed: false, tests: [failed], failures: [failed] });
    const readable = `<&>"' ]]> é 😀 [31m end`;
    expect(await parseJUnit(xml)).toMatchObject([{ name: readable, suites: ['a && b'], error: `${readable}\nsecond` }]);
  });

  it('has one test for a command whose tests are not known', async () => {
    const failures = [{ name: 'make test', passed: false, error: 'Exit code 2.', command: 'make test' }];
    expect(await parseJUnit(junitXml(['make test'], { ...passing, passed: false, exitCode: 2, failures }))).toMatchObject([
      { name: 'make test', passed: false, error: 'Exit code 2.' },
    ]);
    expect(await parseJUnit(junitXml(['make test'], passing))).toMatchObject([{ name: 'make test', passed: true }]);
  });
});
