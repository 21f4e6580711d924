import { isAbsolute, relative } from 'node:path';
import { z } from 'zod';
import type { TestResult } from '../../contracts/evidence.ts';
import { inFolder, packageProgram } from '../invocation.ts';
import type { Invocation } from '../invocation.ts';
import { boundedError } from '../runner.ts';
import type { ReportInput, Runner, TestReport } from '../runner.ts';
import { exactly, lastCommand, quote } from '../shell.ts';

const test = z.object({
  title: z.string(),
  fullTitle: z.string(),
  file: z.string().nullish(),
  err: z.object({ stack: z.string().optional(), message: z.string().optional() }).default({}),
});
type Test = z.infer<typeof test>;
const mochaReport = z.object({ tests: z.array(test), pending: z.array(test), failures: z.array(test) });

/** https://mochajs.org: has one reporter at a time, so people read the failures at the end instead of each test as it ends. */
export const mocha: Runner = {
  name: 'mocha',
  isStartedBy: (line) => /(^|[\s/])_?mocha(\s|$)/.test(lastCommand(line)),
  /** Reporters that the command names itself are somebody's wish. */
  request: ({ invocation, reportFile }) => {
    if (!invocation.takesArguments || /\s(--reporter|-R)[\s=]/.test(invocation.line)) return undefined;
    const args = `--reporter json --reporter-option ${quote(`output=${reportFile}`)}`;
    return { command: invocation.withArguments(args), env: {} };
  },
  parse: async (input) => parseMochaReport(input),
  foundNone: ({ output }) => /^Error: No test files found/m.test(output),
  affected: ({ invocation, changedFiles }) => {
    const files = changedFiles.filter((file) => /(^|\/)(test|tests|spec)\/.*\.[cm]?[jt]sx?$|[.-](test|spec)\.[cm]?[jt]sx?$/.test(file));
    return files.length === 0 ? undefined : inFolder(invocation, [packageProgram(invocation, 'mocha'), ...files.map(quote)].join(' '));
  },
};

function parseMochaReport({ report, invocation, cwd }: ReportInput): TestReport {
  const { tests, pending, failures } = mochaReport.parse(JSON.parse(report));
  const keys = (of: Test[]): Set<string> => new Set(of.map(keyOf));
  const [known, failed, waiting] = [keys(tests), keys(failures), keys(pending)];
  // A hook that fails is no test: it is told among the failures alone.
  const hooks = failures.filter((each) => !known.has(keyOf(each)));
  const result = (each: Test, outcome: 'passed' | 'failed' | 'skipped'): TestResult => resultOf(each, { outcome, invocation, cwd });
  return {
    results: [
      ...hooks.map((hook) => result(hook, 'failed')),
      ...tests.map((each) => result(each, failed.has(keyOf(each)) ? 'failed' : waiting.has(keyOf(each)) ? 'skipped' : 'passed')),
    ],
  };
}

const keyOf = ({ file, fullTitle }: Test): string => `${file ?? ''}\n${fullTitle}`;

interface Context {
  outcome: 'passed' | 'failed' | 'skipped';
  invocation: Invocation;
  cwd: string;
}

function resultOf({ title, fullTitle, file, err }: Test, { outcome, invocation, cwd }: Context): TestResult {
  const path = file && isAbsolute(file) ? relative(cwd, file) : (file ?? undefined);
  const isHook = /^"(before|after)( all| each)" hook/.test(title);
  return {
    name: fullTitle,
    ...(path === undefined ? {} : { file: path }),
    passed: outcome === 'passed',
    ...(outcome === 'skipped' ? { skipped: true } : {}),
    ...(outcome === 'failed'
      ? { error: boundedError(err.stack ?? err.message ?? ''), command: alone(invocation, path, isHook ? undefined : fullTitle) }
      : {}),
  };
}

/** Files are added to those of the settings, so the name alone decides. */
function alone(invocation: Invocation, path: string | undefined, fullTitle: string | undefined): string {
  const file = path === undefined ? [] : [quote(relative(invocation.folder, path))];
  const args = [...file, ...(fullTitle === undefined ? [] : ['--grep', quote(exactly(fullTitle))])].join(' ');
  return invocation.takesArguments
    ? invocation.withArguments(args)
    : inFolder(invocation, `${packageProgram(invocation, 'mocha')} ${args}`);
}
