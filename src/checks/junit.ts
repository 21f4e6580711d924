import { parse } from 'junit2json';
import { z } from 'zod';

/** One test of a JUnit XML report. */
export interface JUnitCase {
  name: string;
  /** The names of the suites around it, outermost first. */
  suites: string[];
  className: string;
  file?: string;
  passed: boolean;
  skipped: boolean;
  error: string;
}

const text = z.string().default('');
const details = z.array(z.object({ message: text, inner: text })).default([]);
const testCase = z.object({
  name: text,
  classname: text,
  file: z.string().optional(),
  failure: details,
  error: details,
  skipped: z.array(z.unknown()).default([]),
});
type TestCase = z.infer<typeof testCase>;

interface Suite {
  name: string;
  testcase: TestCase[];
  testsuite: Suite[];
}
const suite: z.ZodType<Suite> = z.object({
  name: text,
  testcase: z.array(testCase).default([]),
  get testsuite() {
    return z.array(suite).default([]);
  },
});

/** Reads a report, suites within suites too. Throws where it is not one. */
export async function parseJUnit(xml: string): Promise<JUnitCase[]> {
  // Without options it turns names that look like numbers into numbers.
  const root = suite.parse(await parse(xml, {}));
  return [...casesOf(root, [])];
}

function* casesOf({ testcase, testsuite }: Suite, suites: string[]): Generator<JUnitCase> {
  for (const each of testcase) yield caseOf(each, suites);
  for (const inner of testsuite) yield* casesOf(inner, [...suites, inner.name]);
}

function caseOf({ name, classname, file, failure, error, skipped }: TestCase, suites: string[]): JUnitCase {
  const problems = [...failure, ...error];
  return {
    name,
    suites,
    className: classname,
    ...(file ? { file } : {}),
    passed: problems.length === 0 && skipped.length === 0,
    skipped: skipped.length > 0,
    error: problems.map(({ message, inner }) => (inner.includes(message) ? inner : `${message}\n${inner}`)).join('\n'),
  };
}
