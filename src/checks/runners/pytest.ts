import { join } from 'node:path';
import type { TestResult } from '../../contracts/evidence.ts';
import { inFolder } from '../invocation.ts';
import type { Invocation } from '../invocation.ts';
import { parseJUnit } from '../junit.ts';
import type { JUnitCase } from '../junit.ts';
import { boundedError } from '../runner.ts';
import type { Runner } from '../runner.ts';
import { commandsOf, quote, wordsOf } from '../shell.ts';

const NO_TESTS_COLLECTED = 5;

/** https://docs.pytest.org: reports by PYTEST_ADDOPTS, which reaches it through any script. */
export const pytest: Runner = {
  name: 'pytest',
  isStartedBy: (line) => /(^|[\s/])(pytest|py\.test)(\s|$)/.test(line),
  request: ({ invocation, reportFile, env }) => {
    // The family `xunit1` names each test's file.
    const ours = `${quote(`--junitxml=${reportFile}`)} -o junit_family=xunit1`;
    const given = env['PYTEST_ADDOPTS'];
    return { command: invocation.command, env: { PYTEST_ADDOPTS: given ? `${given} ${ours}` : ours } };
  },
  parse: async ({ report, invocation }) => ({ results: (await parseJUnit(report)).map((each) => resultOf(each, invocation)) }),
  foundNone: ({ exitCode }) => exitCode === NO_TESTS_COLLECTED,
  affected: ({ invocation, changedFiles }) => {
    const files = changedFiles.filter((file) => /(^|\/)(test_[^/]*|[^/]*_test)\.py$/.test(file));
    return files.length === 0 ? undefined : inFolder(invocation, [program(invocation), ...files.map(quote)].join(' '));
  },
};

function resultOf({ name, className, file, passed, skipped, error }: JUnitCase, invocation: Invocation): TestResult {
  const id = file === undefined ? undefined : nodeId({ name, className, file });
  return {
    name: id ?? [className, name].filter(Boolean).join('.'),
    ...(file === undefined ? {} : { file: join(invocation.folder, file) }),
    passed,
    ...(skipped ? { skipped } : {}),
    ...(passed || skipped ? {} : { error: boundedError(error) }),
    ...(id === undefined ? {} : { command: inFolder(invocation, `${program(invocation)} ${quote(id)}`) }),
  };
}

/** `tests/test_a.py::TestA::test_one`, from the dotted class name `tests.test_a.TestA`. */
function nodeId({ name, className, file }: { name: string; className: string; file: string }): string {
  const module = file.replace(/\.py$/, '').replaceAll('/', '.');
  // A file that cannot be imported is reported as a test of the module's name.
  if (name === module && className === '') return file;
  const classes = className === module ? [] : className.startsWith(`${module}.`) ? className.slice(module.length + 1).split('.') : [];
  return [file, ...classes, name].join('::');
}

/** The command up to the runner, such as `uv run pytest`. */
function program({ line }: Invocation): string {
  const words = wordsOf(commandsOf(line).find((command) => pytest.isStartedBy(command)) ?? '');
  const end = words.findIndex((word) => /(^|\/)(pytest|py\.test)$/.test(word));
  return end < 0 ? 'python3 -m pytest' : words.slice(0, end + 1).join(' ');
}
