import { isAbsolute, relative } from 'node:path';
import type { Evidence, TestResult } from '../../contracts/evidence.ts';
import { inFolder } from '../invocation.ts';
import type { Invocation } from '../invocation.ts';
import { boundedError } from '../runner.ts';
import type { ReportInput, Runner, TestReport } from '../runner.ts';
import { lastCommand, quote } from '../shell.ts';

const NO_TESTS_RAN = 5;

/** Python's own runner. It has no report but its text. */
export const unittest: Runner = {
  name: 'unittest',
  isStartedBy: (line) => /\s-m\s+unittest(\s|$)/.test(line),
  request: ({ invocation }) => ({ command: invocation.command, env: {} }),
  parse: async (input) => parseText(input),
  foundNone: ({ exitCode, output }) => exitCode === NO_TESTS_RAN || (exitCode === 0 && /^Ran 0 tests in /m.test(output)),
  /** A discovery takes no files. */
  affected: ({ invocation, changedFiles }) => {
    const files = changedFiles.filter((file) => /(^|\/)test[^/]*\.py$/.test(file));
    if (files.length === 0 || /\sdiscover(\s|$)/.test(lastCommand(invocation.line))) return undefined;
    return inFolder(invocation, `${program(invocation)} ${files.map(quote).join(' ')}`);
  },
};

const RULE = /^={70}\n/m;
/** `FAIL: test_one (tests.test_a.TestA.test_one)`; before Python 3.11 without the name at the end. */
const HEADING = /^(?:FAIL|ERROR): (\S+) \(([\w.]+)\)/;
const FAILED_LOAD = /^unittest\.loader\.(?:_FailedTest|ModuleImportFailure)\.?/;
const SUMMARY_RULE = /^-{70}\nRan (\d+) tests? in .*\n+(?:OK|FAILED)?(?: \((.*)\))?/m;

function parseText({ output, invocation, cwd }: ReportInput): TestReport {
  const text = output.replaceAll('\r\n', '\n');
  const byName = new Map<string, TestResult>();
  for (const block of text.split(RULE).slice(1)) {
    const result = resultOf(block, invocation, cwd);
    // Subtests of one test are reported one by one.
    if (result && !byName.has(result.name)) byName.set(result.name, result);
  }
  const counts = countsOf(text);
  return { results: [...byName.values()], ...(counts ? { counts } : {}), partial: true };
}

function resultOf(block: string, invocation: Invocation, cwd: string): TestResult | undefined {
  const [, method, where] = HEADING.exec(block) ?? [];
  if (!method || !where) return undefined;
  const name = FAILED_LOAD.test(where)
    ? where.replace(FAILED_LOAD, '') || method
    : where.endsWith(`.${method}`)
      ? where
      : `${where}.${method}`;
  const error = block.split(SUMMARY_RULE)[0] ?? block;
  const file = fileOf(error, cwd);
  return {
    name,
    ...(file ? { file } : {}),
    passed: false,
    error: boundedError(error),
    command: inFolder(invocation, alone(invocation, name)),
  };
}

/** The first of the repository's files in the traceback. */
function fileOf(error: string, cwd: string): string | undefined {
  const paths = [...error.matchAll(/^\s*File "(.+)", line \d+/gm)].map(([, path = '']) => (isAbsolute(path) ? relative(cwd, path) : path));
  return paths.find((path) => !path.startsWith('..') && !path.startsWith('<'));
}

/** A discovery keeps its own start folder, from which the names are counted. */
function alone({ line }: Invocation, name: string): string {
  const command = lastCommand(line);
  if (/\sdiscover(\s|$)/.test(command)) return `${command} -k ${quote(`*${name}`)}`;
  return `${program({ line })} ${quote(name)}`;
}

const program = ({ line }: Pick<Invocation, 'line'>): string => /^.*?-m\s+unittest/.exec(lastCommand(line))?.[0] ?? 'python3 -m unittest';

function countsOf(text: string): Evidence['counts'] {
  const [, ran, details = ''] = SUMMARY_RULE.exec(text) ?? [];
  if (ran === undefined) return undefined;
  const number = (name: string): number => Number(new RegExp(String.raw`\b${name}=(\d+)`).exec(details)?.[1] ?? 0);
  const skipped = number('skipped');
  const failed = number('failures') + number('errors');
  return { passed: Math.max(0, Number(ran) - failed - skipped), failed, skipped };
}
