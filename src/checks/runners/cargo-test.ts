import { createCargoReader } from '../cargo-output.ts';
import type { CargoTarget } from '../cargo-output.ts';
import { inFolder, startOf, withWordsAfter } from '../invocation.ts';
import type { Invocation } from '../invocation.ts';
import type { Runner } from '../runner.ts';
import { commandsOf, quote, wordsOf } from '../shell.ts';

const CARGO_TEST = /(^|[\s/])cargo(\s+\+\S+)?\s+(test|t)(?=\s|$)/;

/** https://doc.rust-lang.org/cargo: stable cargo has no report but its text, which has been the same for years. */
export const cargoTest: Runner = {
  name: 'cargo test',
  isStartedBy: (line) => CARGO_TEST.test(line),
  /** In one stream, because cargo and its tests speak in turns. To the end, or a failure in one target hides the tests of all others. */
  request: ({ invocation }) => {
    const isBounded = /\s--(no-fail-fast|no-run)(\s|$)/.test(invocation.line);
    const longer = isBounded ? undefined : withWordsAfter(invocation, CARGO_TEST, '--no-fail-fast');
    return { command: `exec 2>&1; ${longer ?? invocation.command}`, env: {}, reader: createCargoReader(alone) };
  },
  parse: async () => ({ results: [] }),
  foundNone: ({ exitCode, output, report }) => exitCode === 0 && report.results.length === 0 && /^running 0 tests$/m.test(output),
  affected: ({ invocation, changedFiles }) => {
    const names = changedFiles.map((file) => /^tests\/([^/]+)\.rs$/.exec(file)?.[1]).filter((name) => name !== undefined);
    if (names.length === 0) return undefined;
    return inFolder(invocation, [...program(invocation), ...names.map((name) => `--test ${quote(name)}`)].join(' '));
  },
};

function alone(invocation: Invocation, { target: { kind, name: targetName }, name }: { target: CargoTarget; name: string }): string {
  const selects = { lib: '--lib', bin: '--bins', test: `--test ${quote(targetName)}`, doc: '--doc' }[kind];
  // A doc test's line moves while it is fixed, and a name that fits nothing passes.
  const filter = kind === 'doc' ? quote(name.replace(/\d+\)$/, '')) : `--exact ${quote(name)}`;
  return inFolder(invocation, `${program(invocation).join(' ')} ${selects} -- ${filter}`);
}

const WITH_VALUE = /^(-p|--package|--exclude|-F|--features|--target|--target-dir|--manifest-path|--profile|-j|--jobs|--config|-Z)$/;
const SELECTS = /^--(lib|bins?|tests?|examples?|bench(es)?|all-targets|doc|no-fail-fast|no-run)(=|$)/;

/** The command with what says how to build and for which packages, without targets and names of tests. */
function program(invocation: Invocation): string[] {
  const isStart = (command: string): boolean => CARGO_TEST.test(command);
  const start = startOf(invocation, isStart, /^(test|t)$/);
  const words = wordsOf(commandsOf(invocation.line).find(isStart) ?? '').slice(start.length);
  const end = words.indexOf('--');
  const flags = words.slice(0, end < 0 ? undefined : end);
  return [
    ...start,
    ...flags.filter((word, index) => (word.startsWith('-') && !SELECTS.test(word)) || WITH_VALUE.test(flags[index - 1] ?? '')),
  ];
}
