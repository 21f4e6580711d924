import { relative } from 'node:path';
import { inFolder, packageProgram } from '../invocation.ts';
import type { Invocation } from '../invocation.ts';
import { parseJestReport } from '../jest-report.ts';
import type { AloneCommand } from '../jest-report.ts';
import type { Runner } from '../runner.ts';
import { exactly, lastCommand, quote } from '../shell.ts';

/** https://jestjs.io: `--json` with an output file leaves the human report on the terminal. */
export const jest: Runner = {
  name: 'jest',
  isStartedBy: (line) => /(^|[\s/])(jest|react-scripts\s+test)(\s|$)/.test(lastCommand(line)),
  request: ({ invocation, reportFile }) =>
    invocation.takesArguments ? { command: invocation.withArguments(`--json ${quote(`--outputFile=${reportFile}`)}`), env: {} } : undefined,
  parse: async (input) => parseJestReport(input, alone(input.invocation)),
  foundNone: ({ output }) => /^\s*No tests found/m.test(output),
  /** By the imports of the tests. */
  affected: ({ invocation, changedFiles }) =>
    withArguments(invocation, `--passWithNoTests --findRelatedTests ${changedFiles.map(quote).join(' ')}`),
};

/** Coverage limits hold for the whole suite only, so a command that measures coverage is not used for one test. */
function alone(invocation: Invocation): AloneCommand {
  return ({ file, names }) => {
    const args = `--runTestsByPath ${quote(relative(invocation.folder, file))}${names ? ` -t ${quote(exactly(names.join(' ')))}` : ''}`;
    return withArguments(invocation, args);
  };
}

function withArguments(invocation: Invocation, args: string): string {
  if (invocation.takesArguments && !/--coverage/.test(invocation.line)) return invocation.withArguments(args);
  return inFolder(invocation, `${packageProgram(invocation, 'jest')} ${args}`);
}
