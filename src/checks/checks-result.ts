import type { Evidence, TestResult } from '../contracts/evidence.ts';
import type { ProcessEnd } from '../process/process-request.ts';
import { boundedError } from './runner.ts';
import type { Runner, TestReport } from './runner.ts';
import { stopsEarly } from './stops-early.ts';

type Counts = NonNullable<Evidence['counts']>;

/** So many tests are listed: what compares two runs holds both lists in memory. */
const MAX_TESTS = 20_000;
/** So many failures are told with their errors: a suite that fails as a whole says the same all over. */
const MAX_ERRORS = 1000;

export interface ChecksResult {
  /** By exit codes alone, but for suites without tests. */
  passed: boolean;
  /** Of the first command that failed, or 0. */
  exitCode: number | null;
  durationMs: number;
  ended?: NonNullable<Evidence['ended']>;
  /** Where every command that ran has reported. */
  counts?: NonNullable<Evidence['counts']>;
  /** Failing tests; a failed command that names none stands for itself. */
  failures: TestResult[];
  /** Every test of the reports, failed first, whatever the exit code says. Only failures have an error and a command. */
  tests: TestResult[];
  /** Tests were run that are not in `tests`: there are more than it holds, or a runner names its failures alone. */
  truncated: boolean;
  /** Of the command that failed, else of the last. */
  outputTail: string;
  /** No command found a test to run. */
  noTests: boolean;
  /** It ended at a failure and left tests out that would have come after it. */
  stopped?: true;
  /** A command passed whose runner found no test, or gave no report although it was asked. */
  ranNone?: true;
  /** What a reader of the evidence should know, such as a report that could not be read. */
  notes: string[];
}

/** What several commands come to. */
export function together(results: ChecksResult[]): ChecksResult {
  const telling = results.find(({ passed }) => !passed) ?? results.at(-1);
  const counts = results.every((result) => result.counts) ? results.flatMap((result) => result.counts ?? []) : [];
  return {
    passed: results.every(({ passed }) => passed),
    exitCode: telling ? telling.exitCode : 0,
    durationMs: results.reduce((sum, { durationMs }) => sum + durationMs, 0),
    ...(telling?.ended ? { ended: telling.ended } : {}),
    ...(counts.length > 0 ? { counts: counts.reduce(added) } : {}),
    failures: results.flatMap(({ failures }) => failures),
    ...listed(results),
    outputTail: telling?.outputTail ?? '',
    noTests: results.every(({ noTests }) => noTests),
    ...(results.some(({ stopped }) => stopped) ? { stopped: true } : {}),
    ...(results.some(({ ranNone }) => ranNone) ? { ranNone: true } : {}),
    notes: results.flatMap(({ notes }) => notes),
  };
}

function listed(results: ChecksResult[]): Pick<ChecksResult, 'tests' | 'truncated'> {
  const tests = results.flatMap((result) => result.tests);
  const all = [...tests.filter(isFailing), ...tests.filter((test) => !isFailing(test))];
  return { tests: all.slice(0, MAX_TESTS), truncated: all.length > MAX_TESTS || results.some(({ truncated }) => truncated) };
}

const isFailing = ({ passed, skipped }: TestResult): boolean => !passed && !skipped;

const bare = ({ error: _error, command: _command, ...test }: TestResult): TestResult => test;
const withoutError = ({ error: _error, ...test }: TestResult): TestResult => test;

const added = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

export interface CheckEnd {
  command: string;
  /** What it starts in the end. */
  line: string;
  end: ProcessEnd;
  /** Its last MiB, without colours. */
  output: string;
  report: TestReport | undefined;
  /** It was started in a way that has it write a report. */
  asked: boolean;
  runner: Runner;
  notes: string[];
  timeoutMs: number;
}

/** What one command comes to. */
export function resultOf({ command, line, end, output, report, asked, runner, notes, timeoutMs }: CheckEnd): ChecksResult {
  const { exitCode, durationMs, outputTail } = end;
  const ended = end.reason === 'exited' || end.reason === 'not_found' ? undefined : end.reason;
  const failing = (report?.results.filter(isFailing) ?? [])
    .slice(0, MAX_TESTS)
    .map((test, index) => (index < MAX_ERRORS ? test : withoutError(test)));
  const noTests = !ended && failing.length === 0 && runner.foundNone({ exitCode, output, report: report ?? { results: [] } });
  const passed = noTests || (exitCode === 0 && !ended);
  if (passed && failing.length > 0)
    notes.push(`\`${command}\` ended with exit code 0, yet its report has ${failing.length} failing tests.`);
  const itself = { name: command, passed: false, error: boundedError(`${howItEnded(end, timeoutMs)}\n${outputTail}`), command };
  const counts = report && (report.counts ?? countsOf(report.results));
  return {
    passed,
    exitCode,
    durationMs,
    ...(ended ? { ended } : {}),
    ...(counts && !noTests ? { counts } : {}),
    failures: passed ? [] : failing.length > 0 ? failing : [itself],
    tests: [...failing, ...(report?.results ?? []).filter((test) => !isFailing(test)).map(bare)].slice(0, MAX_TESTS),
    truncated: (report?.partial ?? false) || (report?.results.length ?? 0) > MAX_TESTS,
    outputTail,
    noTests,
    ...(!passed && (report?.stopped || stopsEarly({ line, output })) ? { stopped: true } : {}),
    ...(noTests || (passed && asked && !report) ? { ranNone: true } : {}),
    notes,
  };
}

function howItEnded({ reason, exitCode, signal }: ProcessEnd, timeoutMs: number): string {
  if (reason === 'timed_out') return `Did not end within ${Math.round(timeoutMs / 1000)} s.`;
  if (reason === 'stalled') return 'Stalled: no output for too long.';
  if (reason === 'cancelled') return 'Cancelled.';
  return exitCode === null ? `Ended by ${signal ?? 'a signal'}.` : `Exit code ${exitCode}.`;
}

function countsOf(results: TestResult[]): Counts {
  const skipped = results.filter((result) => result.skipped).length;
  const passed = results.filter((result) => result.passed).length;
  return { passed, failed: results.length - passed - skipped, skipped };
}
