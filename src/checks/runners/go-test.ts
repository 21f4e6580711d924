import { dirname } from 'node:path';
import { inFolder, startOf, withWordsAfter } from '../invocation.ts';
import type { Invocation } from '../invocation.ts';
import { createGoReader } from '../go-events.ts';
import type { Runner } from '../runner.ts';
import { commandsOf, exactly, quote, wordsOf } from '../shell.ts';

const GO_TEST = /(^|[\s/])go\s+test(?=\s|$)/;

/** https://pkg.go.dev/cmd/test2json: `-json` has all that the text has; people read the text again. */
export const goTest: Runner = {
  name: 'go test',
  isStartedBy: (line) => GO_TEST.test(line),
  /** By an argument alone: GOFLAGS would reach `go list` and `go vet` too, and change what they print. */
  request: ({ invocation }) => {
    const asks = wordsOf(invocation.line).some((word) => /^--?json(=true)?$/.test(word));
    const command = asks ? invocation.command : withWordsAfter(invocation, GO_TEST, '-json');
    return command === undefined ? undefined : { command, env: {}, reader: createGoReader(alone) };
  },
  parse: async () => ({ results: [] }),
  foundNone: ({ exitCode, output, report }) =>
    exitCode === 0 && report.results.length === 0 && /no test files|matched no packages/.test(output),
  affected: ({ invocation, changedFiles }) => {
    const folders = new Set(changedFiles.filter((file) => file.endsWith('.go')).map((file) => `./${dirname(file)}`));
    const isAll = (word: string): boolean => word === './...';
    if (folders.size === 0 || !wordsOf(invocation.line).some(isAll)) return undefined;
    return inFolder(invocation, [...program(invocation), ...[...folders].toSorted().map(quote)].join(' '));
  },
};

/** Its tests are named by patterns for each level of subtests. */
function alone(invocation: Invocation, { folder, test }: { folder: string; test?: string }): string {
  const pattern = test === undefined ? [] : ['-run', quote(test.split('/').map(exactly).join('/'))];
  return inFolder(invocation, [...program(invocation), ...pattern, quote(folder)].join(' '));
}

const WITH_VALUE = new Set(
  [
    'tags',
    'timeout',
    'count',
    'p',
    'parallel',
    'cpu',
    'ldflags',
    'gcflags',
    'mod',
    'modfile',
    'exec',
    'shuffle',
    'C',
    'overlay',
    'vet',
  ].map((name) => `-${name}`),
);
const DROPPED = /^--?(run|skip|bench|json|v|cover\w*|o|c|args)(=|$)/;
const DROPPED_WITH_VALUE = /^--?(run|skip|bench|coverprofile|coverpkg|covermode|o)$/;

/** The command with the flags that say how to build and run, without those that say what. */
function program(invocation: Invocation): string[] {
  const line = commandsOf(invocation.line).find((command) => GO_TEST.test(command)) ?? '';
  const start = startOf(invocation, (command) => GO_TEST.test(command), /(^|\/)go$/);
  const words = wordsOf(line).slice(start.length + 1);
  const end = words.findIndex((word) => /^--?args$/.test(word));
  const flags = words.slice(0, end < 0 ? undefined : end).filter((word, index, all) => {
    const before = all[index - 1]?.replace(/^--/, '-') ?? '';
    return (word.startsWith('-') && !DROPPED.test(word)) || (WITH_VALUE.has(before) && !DROPPED_WITH_VALUE.test(before));
  });
  return [...(start.length > 0 ? start : ['go']), 'test', ...flags];
}
