import type { TestResult } from '../../contracts/evidence.ts';
import { parseJUnit } from '../junit.ts';
import type { JUnitCase } from '../junit.ts';
import { boundedError } from '../runner.ts';
import type { Runner } from '../runner.ts';

/** Anything else: its exit code counts, and what it says in JUnit XML of its own accord explains it. */
export const other: Runner = {
  name: 'other',
  isStartedBy: () => true,
  request: () => undefined,
  leaves: /(^|\/)(TEST-[^/]*|[^/]*(junit|test|spec|results?|reports?)[^/]*)\.xml$|(^|\/)[^/]*(reports?|results?|junit)\/[^/]*\.xml$/i,
  async parse({ left }) {
    const results: TestResult[] = [];
    for (const { text } of left) {
      // Other documents have such names too.
      if (/<testsuites?[\s>]/.test(text.slice(0, 4096))) results.push(...(await parseJUnit(text)).map(resultOf));
    }
    return { results };
  },
  foundNone: () => false,
};

function resultOf({ name, suites, className, file, passed, skipped, error }: JUnitCase): TestResult {
  const around = className || suites.at(-1);
  return {
    name: around && !name.startsWith(around) ? `${around} ${name}` : name,
    ...(file ? { file } : {}),
    passed,
    ...(skipped ? { skipped } : {}),
    ...(passed || skipped ? {} : { error: boundedError(error) }),
  };
}
