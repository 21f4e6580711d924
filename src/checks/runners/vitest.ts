import { relative } from 'node:path';
import { inFolder, packageProgram } from '../invocation.ts';
import type { Invocation } from '../invocation.ts';
import { parseJestReport } from '../jest-report.ts';
import type { AloneCommand } from '../jest-report.ts';
import type { Runner } from '../runner.ts';
import { escaped, lastCommand, quote } from '../shell.ts';

/** https://vitest.dev: reports by arguments, in jest's JSON. */
export const vitest: Runner = {
  name: 'vitest',
  isStartedBy: (line) => /(^|[\s/])vitest(\s|$)/.test(lastCommand(line)),
  request: ({ invocation, reportFile }) => ({
    command: invocation.withArguments(`--reporter=default --reporter=json ${quote(`--outputFile.json=${reportFile}`)}`),
    env: {},
  }),
  parse: async (input) => parseJestReport(input, alone(input.invocation)),
  foundNone: ({ output }) => /^\s*No test files found/m.test(output),
};

/** Coverage limits hold for the whole suite only, so a command that measures coverage is not used for one test. */
function alone(invocation: Invocation): AloneCommand {
  return ({ file, names }) => {
    const args = `${quote(relative(invocation.folder, file))}${names ? ` -t ${quote(pattern(names))}` : ''}`;
    if (!/--coverage/.test(invocation.line)) return invocation.withArguments(args);
    return inFolder(invocation, `${packageProgram(invocation, 'vitest run')} ${args}`);
  };
}

/** Suites were joined to their tests by a space before vitest 5. A pattern that finds nothing passes, so it has to fit both. */
const pattern = (names: string[]): string => `^${names.map(escaped).join('( > | )')}$`;
