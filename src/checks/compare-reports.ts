import type { TestResult } from '../contracts/evidence.ts';
import { identityOf, isUnnamed } from './report.ts';
import type { CheckReport, ListedTest } from './report.ts';

/** A failing check beside the same commands' report on the base. */
export interface FailureComparison {
  /** Failures that count, as places in the report. */
  counting: number[];
  /** Those that the base has as well. */
  known: TestResult[];
  /** Why failures count although the base fails too. */
  note?: string;
}

type Compared = Pick<CheckReport, 'passed' | 'exitCode' | 'ended' | 'stopped' | 'failures'>;

/**
 * Only a named test that fails on the base too is known, and of several by one name as many as fail there. What names no test cannot be told
 * apart from what already failed; neither can a check that ended otherwise than it does on the base, or stopped early. These count whole.
 */
export function compareFailures({ head, base }: { head: Compared; base: Compared }): FailureComparison {
  const all = head.failures.map((_, index) => index);
  if (base.passed) return { counting: all, known: [] };
  const why = incomparable(head, base);
  if (why !== undefined) return { counting: all, known: [], note: why };
  const known = knownAmong(head.failures, base.failures);
  const unnamed = head.failures.find(
    (failure) => isUnnamed(failure) && base.failures.some((other) => identityOf(other) === identityOf(failure)),
  );
  return {
    counting: all.filter((index) => !known.has(head.failures[index] as TestResult)),
    known: [...known],
    ...(unnamed ? { note: `\`${unnamed.name}\` names no failing tests and fails on the base too: what is new cannot be told apart` } : {}),
  };
}

function knownAmong(failures: readonly TestResult[], onBase: readonly TestResult[]): Set<TestResult> {
  const left = new Map<string, number>();
  for (const name of onBase.filter((each) => !isUnnamed(each)).map(identityOf)) left.set(name, (left.get(name) ?? 0) + 1);
  const known = new Set<TestResult>();
  for (const failure of failures.filter((each) => !isUnnamed(each))) {
    const name = identityOf(failure);
    const more = left.get(name) ?? 0;
    if (more > 0) known.add(failure);
    left.set(name, more - 1);
  }
  return known;
}

function incomparable(head: Compared, base: Compared): string | undefined {
  if (base.ended) return 'the tests do not come to their end on the base, so nothing is known of it';
  if (head.stopped) return 'the tests stop at a failure, so nothing is known of those after it';
  if (head.ended || head.exitCode === base.exitCode) return undefined;
  return `the tests fail on the base too, but end there with exit code ${base.exitCode ?? 'none'} and here with ${head.exitCode ?? 'none'}`;
}

type Listed = Pick<CheckReport, 'ended' | 'ranNone' | 'tests' | 'truncated'> & { failures: readonly Pick<TestResult, 'name' | 'file'>[] };

/**
 * Tests that the earlier report ran, and the later one did not, or skipped. Those of files that fail now are not among them, for such a
 * file may not even have been loaded; as many as came anew are taken for renamed.
 */
export function missedTests({ before, after }: { before: Listed; after: Listed }): ListedTest[] {
  if (before.truncated || after.truncated || after.ended || before.tests.length === 0) return [];
  if (after.tests.length === 0 && !after.ranNone) return [];
  const failing = new Set(after.failures.map(({ file }) => file));
  const now = new Map(after.tests.map((test) => [identityOf(test), test]));
  const then = new Set(before.tests.map(identityOf));
  const ran = before.tests.filter((test) => !test.skipped && !failing.has(test.file));
  const skipped = ran.filter((test) => now.get(identityOf(test))?.skipped);
  const gone = ran.filter((test) => !now.has(identityOf(test)));
  const came = after.tests.filter((test) => !test.skipped && !then.has(identityOf(test)));
  return [...skipped, ...(gone.length > came.length ? gone : [])];
}
