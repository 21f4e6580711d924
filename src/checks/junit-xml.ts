import xmlbuilder from 'xmlbuilder';
import type { TestResult } from '../contracts/evidence.ts';
import type { ChecksResult } from './checks-result.ts';

/** What the checks came to as JUnit XML, which most tools read. A command whose tests are not known is one test. */
export function junitXml(commands: readonly string[], { tests, failures, passed, exitCode, durationMs, truncated }: ChecksResult): string {
  const known = new Set(tests.map(({ name }) => name));
  const unknown = failures.filter(({ name }) => !known.has(name));
  const whole = passed && tests.length === 0 ? commands.map((name) => ({ name, passed: true })) : [];
  const cases: TestResult[] = [...unknown, ...tests, ...whole];
  const skipped = cases.filter((test) => test.skipped).length;
  const failed = cases.filter((test) => !test.passed && !test.skipped).length;
  const totals = { tests: cases.length, failures: failed, errors: 0, skipped, time: (durationMs / 1000).toFixed(3) };

  // Control characters cannot be written in XML at all.
  const root = xmlbuilder.create('testsuites', { version: '1.0', encoding: 'UTF-8', invalidCharReplacement: '' });
  const suite = root.att(totals).ele('testsuite', { name: commands.join(' && '), ...totals });
  const properties = suite.ele('properties');
  for (const [name, value] of Object.entries({ passed, exitCode: exitCode ?? 'none', truncated }))
    properties.ele('property', { name, value });
  for (const { name, file, error, ...test } of cases) {
    const element = suite.ele('testcase', { name, ...(file === undefined ? {} : { classname: file, file }) });
    if (test.skipped) element.ele('skipped');
    else if (!test.passed) element.ele('failure', { message: firstLine(error ?? '') }, error ?? '');
  }
  return root.end({ pretty: true });
}

const firstLine = (text: string): string => (text.split('\n')[0] ?? '').slice(0, 300);
