import { relative } from 'node:path';
import { inFolder } from '../invocation.ts';
import type { Invocation } from '../invocation.ts';
import { classOf, jvmResults } from '../jvm-results.ts';
import type { JvmTest } from '../jvm-results.ts';
import type { Runner } from '../runner.ts';
import { commandsOf, quote, wordsOf } from '../shell.ts';

const MAVEN = /(^|[\s/])(mvn|mvnw|mvnd)(\.cmd)?(\s.*)?\s(test|package|verify|install)(\s|$)/;
const PROGRAM = /(^|\/)(mvn|mvnw|mvnd)$/;

/** https://maven.apache.org/surefire: writes JUnit XML by itself, one file for each class. */
export const maven: Runner = {
  name: 'maven',
  isStartedBy: (line) => MAVEN.test(line),
  request: () => undefined,
  leaves: /(^|\/)target\/(surefire|failsafe)-reports\/TEST-[^/]+\.xml$/,
  parse: async (input) => {
    const { invocation } = input;
    return { results: await jvmResults(input, (test) => alone(invocation, test)) };
  },
  foundNone: ({ exitCode, output, report }) =>
    exitCode === 0 && report.results.length === 0 && /No tests to run|No sources to compile|BUILD SUCCESS/.test(output),
  affected: ({ invocation, changedFiles }) => {
    const classes = changedFiles.map(classOf).filter((name) => name !== undefined);
    return classes.length === 0 ? undefined : selecting(invocation, classes.join(','), []);
  },
};

/** Surefire's tests; those of failsafe have a property of their own. */
function alone(invocation: Invocation, { module, className, method, report }: JvmTest): string {
  const test = `${className}${method === undefined ? '' : `#${method}*`}`;
  const inModule =
    module && !/\s(-pl|--projects)[\s=]/.test(invocation.line) ? ['-pl', quote(relative(invocation.folder, module)), '-am'] : [];
  return report.includes('failsafe-reports') ? selecting(invocation, test, inModule, '-Dit.test') : selecting(invocation, test, inModule);
}

/** Modules without the test are not a failure; both properties, for the plugin renamed it. */
function selecting(invocation: Invocation, tests: string, inModule: string[], property = '-Dtest'): string {
  const words = wordsOf(commandsOf(invocation.line).find((command) => MAVEN.test(command)) ?? 'mvn test');
  const end = words.findIndex((word) => PROGRAM.test(word)) + 1;
  const rest = words.slice(end).filter((word) => !/^-D(test|it\.test)=/.test(word) && word !== 'clean');
  const more = [quote(`${property}=${tests}`), '-DfailIfNoTests=false', '-Dsurefire.failIfNoSpecifiedTests=false'];
  return inFolder(invocation, [...words.slice(0, end), ...rest, ...inModule, ...more].join(' '));
}
