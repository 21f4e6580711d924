import { relative } from 'node:path';
import { inFolder, packageProgram } from '../invocation.ts';
import type { Invocation } from '../invocation.ts';
import { parseJestReport } from '../jest-report.ts';
import type { AloneCommand } from '../jest-report.ts';
import type { Runner } from '../runner.ts';
import { escaped, isPlain, lastCommand, quote, wordsOf } from '../shell.ts';

/** https://vitest.dev: reports by arguments, in jest's JSON. */
export const vitest: Runner = {
  name: 'vitest',
  isStartedBy: (line) => /(^|[\s/])vitest(\s|$)/.test(lastCommand(line)),
  request: ({ invocation, reportFile }) => {
    if (!invocation.takesArguments) return undefined;
    const args = `--reporter=default --reporter=json ${quote(`--outputFile.json=${reportFile}`)}`;
    return { command: invocation.withArguments(args), env: {} };
  },
  parse: async (input) => parseJestReport(input, alone(input.invocation)),
  foundNone: ({ output }) => /^\s*No test files found/m.test(output),
  affected: ({ invocation, changedFiles }) => related(invocation, changedFiles),
};

/** Coverage limits hold for the whole suite only, so a command that measures coverage is not used for one test. */
function alone(invocation: Invocation): AloneCommand {
  return ({ file, names }) => {
    const args = `${quote(relative(invocation.folder, file))}${names ? ` -t ${quote(pattern(names))}` : ''}`;
    if (invocation.takesArguments && !/--coverage/.test(invocation.line)) return invocation.withArguments(args);
    return inFolder(invocation, `${packageProgram(invocation, 'vitest run')} ${args}`);
  };
}

/** By the imports of the tests: what it runs for these files, with the options of the script. Its filters are left out, for they would be files. */
function related(invocation: Invocation, files: readonly string[]): string | undefined {
  const line = lastCommand(invocation.line);
  const words = wordsOf(line);
  const start = words.findIndex((word) => /(^|\/)vitest$/.test(word));
  if (start < 0 || !isPlain(line) || /--(project|root|dir)\b|\s-r\s/.test(line)) return undefined;
  const options = words
    .slice(start + 1)
    .filter((word) => /^--?\w[\w.-]*(=|$)/.test(word) && !/^--(coverage|watch|run|changed)\b/.test(word));
  const config = /\s(--config|-c)[\s=](\S+)/.exec(line)?.[2];
  const kept = [...options.filter((word) => !/^(--config|-c)(=|$)/.test(word)), ...(config === undefined ? [] : [`--config=${config}`])];
  const before = words.slice(0, start).filter((word) => /^\w+=/.test(word));
  const program = [...before, packageProgram(invocation, 'vitest related')];
  return inFolder(invocation, [...program, '--run', '--passWithNoTests', ...kept, ...files.map(quote)].join(' '));
}

/** Suites were joined to their tests by a space before vitest 5. A pattern that finds nothing passes, so it has to fit both. */
const pattern = (names: string[]): string => `^${names.map(escaped).join('( > | )')}$`;
