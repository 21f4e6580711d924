import { describe, expect, it } from 'vitest';
import { parseJUnit } from '../../src/checks/junit.ts';

describe('parseJUnit', () => {
  it('reads suites within suites, errors and skipped tests', async () => {
    const cases = await parseJUnit(`<?xml version="1.0"?><testsuites><testsuite name="outer">
      <testcase name="007" classname="C" file="a.py"><error message="setup">trace</error></testcase>
      <testsuite name="inner"><testcase name="b"><skipped/></testcase><testcase name="c"/></testsuite></testsuite></testsuites>`);
    expect(cases).toEqual([
      { name: '007', suites: ['outer'], className: 'C', file: 'a.py', passed: false, skipped: false, error: 'setup\ntrace' },
      { name: 'b', suites: ['outer', 'inner'], className: '', passed: false, skipped: true, error: '' },
      { name: 'c', suites: ['outer', 'inner'], className: '', passed: true, skipped: false, error: '' },
    ]);
  });

  it('reads a report without a test', async () => {
    expect(await parseJUnit('<testsuites></testsuites>')).toEqual([]);
  });

  it.each([
    ['garbage', 'not xml'],
    ['cut off', '<testsuites><testcase name="x">'],
    ['another document', '<html><body>500</body></html>'],
    ['empty', ''],
  ])('refuses a report that is %s', async (_, xml) => {
    await expect(parseJUnit(xml)).rejects.toThrow();
  });
});
