import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { TestResult } from '../contracts/evidence.ts';
import type { Invocation } from './invocation.ts';
import { boundedError } from './runner.ts';
import type { OutputReader, TestReport } from './runner.ts';

const event = z.object({
  Action: z.string(),
  Package: z.string().default(''),
  ImportPath: z.string().default(''),
  Test: z.string().optional(),
  Output: z.string().default(''),
  FailedBuild: z.string().optional(),
});
type Event = z.infer<typeof event>;

/** Of one test's or package's output; errors are cut to less. */
const MAX_KEPT = 16 * 1024;
/** Beyond this many, tests are counted as they come but no longer listed. */
const MAX_LISTED = 100_000;

interface Told {
  package: string;
  test?: string;
  outcome?: 'pass' | 'fail' | 'skip';
  output: string;
}

type Alone = (invocation: Invocation, place: { folder: string; test?: string }) => string;

/** Reads the events of `go test -json`; https://pkg.go.dev/cmd/test2json. */
export function createGoReader(alone: Alone): OutputReader {
  const told = new Map<string, Told>();
  const builds = new Map<string, string>();
  /** Before Go 1.24 compilers speak to standard error, below a heading of the package. */
  let building = '';
  const of = ({ Package, Test }: Event): Told | undefined => {
    const key = `${Package} ${Test ?? ''}`;
    const known = told.get(key);
    if (known || told.size >= MAX_LISTED) return known;
    const fresh: Told = { package: Package, output: '', ...(Test === undefined ? {} : { test: Test }) };
    told.set(key, fresh);
    return fresh;
  };
  return {
    read(line) {
      const seen = eventOf(line);
      if (!seen) {
        building = /^# (\S+)/.exec(line)?.[1] ?? building;
        if (building) builds.set(building, kept(builds.get(building), `${line}\n`));
        return line;
      }
      if (seen.ImportPath) builds.set(packageOf(seen.ImportPath), kept(builds.get(packageOf(seen.ImportPath)), seen.Output));
      else note(of(seen), seen, builds);
      return forPeople(seen);
    },
    report: async ({ invocation, cwd }) =>
      reportOf([...told.values()], { invocation, alone, module: await moduleOf(join(cwd, invocation.folder)) }),
  };
}

function eventOf(line: string): Event | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return event.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** `sums/sum [sums/sum.test]` is built for the tests of `sums/sum`. */
const packageOf = (importPath: string): string => importPath.replace(/ \[.*$/, '');

const kept = (text: string | undefined, more: string): string => `${text ?? ''}${more}`.slice(-MAX_KEPT);

function note(test: Told | undefined, { Action, Output, FailedBuild, Package }: Event, builds: Map<string, string>): void {
  if (!test) return;
  if (Action === 'output' && !isChatter(Output)) test.output = kept(test.output, Output);
  if (Action !== 'pass' && Action !== 'fail' && Action !== 'skip') return;
  test.outcome = Action;
  if (Action !== 'fail') test.output = '';
  else if (!test.test) test.output = `${builds.get(packageOf(FailedBuild ?? Package)) ?? ''}${test.output}`;
}

const isChatter = (output: string): boolean => /^\s*=== (RUN|PAUSE|CONT|NAME) /.test(output);

/** About what `go test` would have printed without `-json`. */
function forPeople({ Action, Output }: Event): string | undefined {
  const isOutput = Action === 'output' || Action === 'build-output';
  return !isOutput || isChatter(Output) || /^\s*--- PASS: /.test(Output) ? undefined : Output.replace(/\n$/, '');
}

interface Place {
  invocation: Invocation;
  alone: Alone;
  /** The module's path, which its packages begin with. */
  module: string;
}

function reportOf(told: Told[], place: Place): TestReport {
  const tests = told.filter(({ test }) => test !== undefined);
  const parents = new Set(tests.flatMap(({ package: name, test = '' }) => ancestorsOf(test).map((parent) => `${name} ${parent}`)));
  const failing = new Set(
    tests
      .filter(({ outcome }) => outcome === 'fail')
      .flatMap(({ package: name, test = '' }) => ancestorsOf(test).map((parent) => `${name} ${parent}`)),
  );
  // A test of subtests is listed for itself only where it fails by itself: else it would vanish as soon as it gets its first one.
  const listed = tests.filter(({ package: name, test, outcome }) => {
    const key = `${name} ${test}`;
    return !parents.has(key) || (outcome === 'fail' && !failing.has(key));
  });
  const guilty = new Set(listed.filter(({ outcome }) => outcome !== 'pass' && outcome !== 'skip').map(({ package: name }) => name));
  const packages = told.filter(({ package: name, test, outcome }) => test === undefined && outcome === 'fail' && !guilty.has(name));
  return {
    results: [...packages, ...listed].map((each) => resultOf(each, place)),
    ...(told.length >= MAX_LISTED ? { partial: true } : {}),
  };
}

/** `A/b/c` is within `A/b` and `A`. */
function ancestorsOf(test: string): string[] {
  const parts = test.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

function resultOf({ package: name, test, outcome, output }: Told, { invocation, alone, module }: Place): TestResult {
  const within = name === module ? '' : name.startsWith(`${module}/`) ? name.slice(module.length + 1) : undefined;
  const file = within === undefined ? undefined : fileOf(output, within);
  const passed = outcome === 'pass';
  const result = { name: test === undefined ? name : `${name}.${test}`, ...(file ? { file: join(invocation.folder, file) } : {}), passed };
  if (passed) return result;
  if (outcome === 'skip') return { ...result, skipped: true };
  const error = boundedError(output || 'Did not end.');
  const command = alone(invocation, { folder: within === undefined ? name : `./${within}`, ...(test === undefined ? {} : { test }) });
  return { ...result, error, command };
}

/** The first file of tests that is named: `sum_test.go:7: …`, or with its path in a stack. */
function fileOf(output: string, folder: string): string | undefined {
  const [, path] = /(?:^|[\s/])([^\s/:]+_test\.go):\d+/.exec(output) ?? [];
  return path === undefined ? undefined : join(folder, path);
}

async function moduleOf(folder: string): Promise<string> {
  const text = await readFile(join(folder, 'go.mod'), 'utf8').catch(() => '');
  return /^module\s+"?([^\s"]+)"?/m.exec(text)?.[1] ?? '';
}
