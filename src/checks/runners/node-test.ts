import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { TestResult } from '../../contracts/evidence.ts';
import { inFolder } from '../invocation.ts';
import type { Invocation } from '../invocation.ts';
import { parseJUnit } from '../junit.ts';
import type { JUnitCase } from '../junit.ts';
import { boundedError } from '../runner.ts';
import type { ReportInput, Runner } from '../runner.ts';
import { commandsOf, exactly, quote, wordsOf } from '../shell.ts';

/** Node's own runner, also when started through `tsx`. */
export const nodeTest: Runner = {
  name: 'node:test',
  isStartedBy: (line) => /(^|\s)(node|tsx)\s(.*\s)?--test(\s|$)/.test(line),
  /** By NODE_OPTIONS, which reaches it through any script. Reporters that the command names itself would be joined to ours: then none. */
  request: ({ invocation, reportFile, env }) => {
    if (/--test-reporter/.test(invocation.line)) return undefined;
    const ours = `--test-reporter=spec --test-reporter-destination=stdout --test-reporter=junit ${option('--test-reporter-destination', reportFile)}`;
    const given = env['NODE_OPTIONS'];
    return { command: invocation.command, env: { NODE_OPTIONS: given ? `${given} ${ours}` : ours } };
  },
  async parse(input) {
    const cases = await parseJUnit(input.report);
    const results: TestResult[] = [];
    for (const each of cases) results.push(await resultOf(each, input));
    return { results };
  },
  foundNone: ({ exitCode, output, report }) => exitCode === 0 && report.results.length === 0 && /^\S tests 0$/m.test(output),
  affected: ({ invocation, changedFiles }) => {
    const files = changedFiles.filter((file) => TEST_FILE.test(file));
    return files.length === 0 ? undefined : inFolder(invocation, [program(invocation), ...files.map(quote)].join(' '));
  },
};

/** What it looks for by itself. */
const TEST_FILE = /(^|\/)test\/.*\.[cm]?[jt]s$|(^|\/)([^/]+[._-])?test\.[cm]?[jt]s$|(^|\/)test-[^/]+\.[cm]?[jt]s$/;

/** NODE_OPTIONS is split at spaces, except within double quotes. */
const option = (name: string, value: string): string =>
  /\s|"|\\/.test(value) ? `"${name}=${value.replaceAll(/["\\]/g, String.raw`\$&`)}"` : `${name}=${value}`;

/** Node escapes quotes in names twice (seen in 24.21). */
const readable = (name: string): string => name.replaceAll('&quot;', '"');

async function resultOf(
  { name, suites, file: named, passed, skipped, error }: JUnitCase,
  { invocation, cwd, output }: ReportInput,
): Promise<TestResult> {
  const file = named ?? fileInStack(error, cwd);
  const path = file === undefined ? undefined : relative(cwd, file);
  const names = [...suites, name].map(readable);
  const isFile = path !== undefined && suites.length === 0 && path === join(invocation.folder, name);
  return {
    name: names.join(' > '),
    ...(path === undefined ? {} : { file: path }),
    passed,
    ...(skipped ? { skipped } : {}),
    // What a file that could not be loaded said is not in the report.
    ...(passed || skipped ? {} : { error: boundedError(isFile ? output : error) }),
    ...(file === undefined
      ? {}
      : { command: alone(invocation, relative(join(cwd, invocation.folder), file), await patternFor(names, file, isFile)) }),
  };
}

/** Before Node 22 the report names no files: the last of the repository's own lines in a failure's stack is the test's. */
function fileInStack(error: string | undefined, cwd: string): string | undefined {
  const frames = [...(error ?? '').matchAll(/(?:file:\/\/|\()(\/[^\n]+?):\d+:\d+/g)].map((frame) => decodeURI(frame[1] ?? ''));
  return frames.findLast((frame) => frame.startsWith(`${cwd}/`) && !frame.includes('/node_modules/'));
}

/**
 * Tests are matched by their whole path of names. A subtest (`t.test`) is found only while its parent runs, and a pattern that finds nothing
 * passes; the report does not tell subtests from suites. So where a file may have subtests, the outermost test runs.
 */
async function patternFor(names: string[], file: string, isFile: boolean): Promise<string | undefined> {
  if (isFile) return undefined;
  const [outermost = ''] = names;
  if (names.length === 1) return exactly(outermost);
  const source = await readFile(file, 'utf8').catch(() => '.test(');
  return exactly(/\.\s*test\s*\(/.test(source) ? outermost : names.join(' '));
}

function alone(invocation: Invocation, file: string, pattern: string | undefined): string {
  const filter = pattern === undefined ? '' : ` --test-name-pattern=${quote(pattern)}`;
  return inFolder(invocation, `${program(invocation)}${filter} ${quote(file)}`);
}

const WITH_VALUE = ['--import', '--require', '-r', '--loader', '--experimental-loader', '--conditions', '-C', '--env-file'];

/** The repository's own command up to its flags, without the files it names. */
function program({ line }: Invocation): string {
  const command = commandsOf(line).find((part) => nodeTest.isStartedBy(part)) ?? line;
  const words = wordsOf(command);
  const start = words.findIndex((word) => word === 'node' || word === 'tsx');
  if (start < 0) return 'node --test';
  const flags = words.slice(start + 1).filter((word, index, all) => word.startsWith('-') || WITH_VALUE.includes(all[index - 1] ?? ''));
  const kept = flags.filter((flag) => !/^--(test-name-pattern|test-coverage-|experimental-test-coverage|watch)/.test(flag));
  const starter = words[start] === 'tsx' && start === 0 ? ['npx', 'tsx'] : words.slice(0, start + 1);
  return [...starter, ...kept].join(' ');
}
