import { relative } from 'node:path';
import { inFolder, startOf } from '../invocation.ts';
import type { Invocation } from '../invocation.ts';
import { classOf, jvmResults } from '../jvm-results.ts';
import type { JvmTest } from '../jvm-results.ts';
import type { Runner } from '../runner.ts';
import { commandsOf, escaped, quote, wordsOf } from '../shell.ts';

const GRADLE = /(^|[\s/])(gradle|gradlew)(\s.*)?\s:?([\w-]+:)*(test\w*|check|build|\w+Test)(\s|$)/;
const REPORT = /^(.*?)\/?build\/test-results\/([^/]+)\//;

/** https://docs.gradle.org: writes JUnit XML by itself, one file for each class. */
export const gradle: Runner = {
  name: 'gradle',
  isStartedBy: (line) => GRADLE.test(line),
  request: () => undefined,
  leaves: /(^|\/)build\/test-results\/[^/]+\/TEST-[^/]+\.xml$/,
  /** What is up to date is not run again: its reports are those of the last time. */
  holds: (path, output) => new RegExp(`^> Task ${escaped(taskOf(path))} (UP-TO-DATE|FROM-CACHE)$`, 'm').test(output),
  parse: async (input) => {
    const { invocation } = input;
    return { results: await jvmResults(input, (test) => alone(invocation, test)) };
  },
  foundNone: ({ exitCode, output, report }) =>
    exitCode === 0 && report.results.length === 0 && /^> Task \S*[tT]est\S* NO-SOURCE$/m.test(output),
  affected: ({ invocation, changedFiles }) => {
    const classes = changedFiles.map(classOf).filter((name) => name !== undefined);
    // A filter that fits no test of a module fails that module's task.
    return classes.length === 0 || /\s(check|build)(\s|$)/.test(invocation.line) || changedFiles.some((file) => !file.startsWith('src/'))
      ? undefined
      : inFolder(invocation, [...program(invocation), 'test', ...classes.map((name) => `--tests ${quote(name)}`)].join(' '));
  },
};

/** `:core:test` for `core/build/test-results/test/TEST-a.xml`, as projects lie by default. */
function taskOf(report: string): string {
  const [, folder = '', task = 'test'] = REPORT.exec(report) ?? [];
  return [...folder.split('/').filter(Boolean), task].map((part) => `:${part}`).join('');
}

function alone(invocation: Invocation, { className, method, report }: JvmTest): string {
  const test = `${className}${method === undefined ? '' : `.${method}`}`;
  return inFolder(invocation, [...program(invocation), taskOf(relative(invocation.folder, report)), '--tests', quote(test)].join(' '));
}

/** The program with its options, without tasks and what belongs to them. */
function program(invocation: Invocation): string[] {
  const isStart = (command: string): boolean => GRADLE.test(command);
  const start = startOf(invocation, isStart, /(^|\/)gradlew?$/);
  const rest = wordsOf(commandsOf(invocation.line).find(isStart) ?? '').slice(start.length);
  return [
    ...start,
    ...rest.filter((word, index) => (word.startsWith('-') && word !== '--tests') || WITH_VALUE.test(rest[index - 1] ?? '')),
  ];
}

const WITH_VALUE = /^(-[xpbcIg]|--(exclude-task|project-dir|build-file|settings-file|init-script|gradle-user-home|console|max-workers))$/;
