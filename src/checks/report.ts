import { createHash } from 'node:crypto';
import type { Evidence, TestResult } from '../contracts/evidence.ts';
import type { ChecksResult } from './checks-result.ts';

/** A test of a report that did not fail, or whose failure is told elsewhere. */
export type ListedTest = Pick<TestResult, 'name' | 'file' | 'passed' | 'skipped'>;

/** What a check leaves as its artifact, as JSON. */
export interface CheckReport {
  passed: boolean;
  exitCode: number | null;
  ended?: NonNullable<Evidence['ended']>;
  counts?: NonNullable<Evidence['counts']>;
  stopped?: true;
  ranNone?: true;
  notes: string[];
  failures: TestResult[];
  outputTail: string;
  truncated: boolean;
  tests: ListedTest[];
}

export function reportOf(result: ChecksResult): CheckReport {
  const { passed, exitCode, ended, counts, stopped, ranNone, notes, failures, outputTail, truncated, tests } = result;
  return {
    passed,
    exitCode,
    ...(ended ? { ended } : {}),
    ...(counts ? { counts } : {}),
    ...(stopped ? { stopped } : {}),
    ...(ranNone ? { ranNone } : {}),
    notes,
    failures,
    outputTail,
    truncated,
    tests: tests.map(({ error: _error, command: _command, ...test }) => test),
  };
}

/** One text for one test, wherever it is reported. */
export const identityOf = ({ name, file = '' }: Pick<TestResult, 'name' | 'file'>): string => `${file}\n${name}`;

/** Whether a failure is that of a command, which named no test. */
export const isUnnamed = ({ name, file, command }: TestResult): boolean => file === undefined && name === command;

/** The same for the same failures, whatever differs from run to run in what they say. */
export function signatureOf(failures: readonly TestResult[]): string {
  const lines = failures.map((failure) => `${identityOf(failure)}\n${steady(failure.error ?? '')}`).toSorted();
  return createHash('sha256').update(lines.join('\n\n')).digest('hex').slice(0, 16);
}

/** Places in code move with every edit; times, addresses and names of temporary things differ from run to run. */
const steady = (error: string): string =>
  error
    .replaceAll(/^\s*at .*$/gm, '')
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>')
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>')
    .replaceAll(/\b0x[0-9a-f]+\b/gi, '<address>')
    .replaceAll(/\b\d+(?:\.\d+)?\s?(?:ms|µs|ns|s|sec|seconds|min)\b/g, '<duration>')
    .replaceAll(/duration_ms:? [\d.]+/g, '<duration>')
    .replaceAll(/\/tmp\/[^\s'":)]+/g, '<temporary>')
    .replaceAll(/\b(line|pid|port) \d+/gi, '$1')
    .replaceAll(/:\d+(?::\d+)?(?=\D|$)/g, ':')
    .replaceAll(/\s+/g, ' ')
    .trim();
