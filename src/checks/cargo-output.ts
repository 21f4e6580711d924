import { join } from 'node:path';
import type { TestResult } from '../contracts/evidence.ts';
import { boundedError } from './runner.ts';
import type { OutputReader } from './runner.ts';
import type { Invocation } from './invocation.ts';

/** One program of tests, as cargo announces it. */
export interface CargoTarget {
  kind: 'lib' | 'bin' | 'test' | 'doc';
  /** The crate, or the file of tests without its ending. */
  name: string;
  /** Of a package in a workspace, relative to that package. */
  file?: string;
}

interface Told {
  target: CargoTarget;
  name: string;
  outcome: string;
  error: string;
}

type Alone = (invocation: Invocation, test: { target: CargoTarget; name: string }) => string;

/** Of one error; it is cut to less in the end. */
const MAX_KEPT = 16 * 1024;
const MAX_LISTED = 100_000;

const RUNNING = /^\s+Running (unittests )?(\S+) \(.*?([^/\\\s]+)-[0-9a-f]{16}(?:\.exe)?\)$/;
const DOC_TESTS = /^\s+Doc-tests (\S+)$/;
const RESULT = /^test (.+?)(?: - should panic)? \.\.\. (ok|FAILED|ignored)(?:,.*)?$/;
const DETAILS = /^---- (.+?)(?: stdout)? ----$/;
const SUMMARY = /^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored;/;
/** It stopped at the first target that failed; `--no-fail-fast` ends with a count of targets. */
const STOPPED = /^error: (test|doctest) failed, to rerun pass/;
const WENT_ON = /^error: \d+ targets? failed:/;

/** Reads what stable cargo prints, which has no other report. */
export function createCargoReader(alone: Alone): OutputReader {
  const told: Told[] = [];
  let target: CargoTarget = { kind: 'lib', name: '' };
  let explained: Told | undefined;
  let ran = 0;
  let isCut = false;
  const note = (line: string): void => {
    const [, name = '', outcome] = RESULT.exec(line) ?? [];
    const failed = DETAILS.exec(line)?.[1];
    const [, ...counts] = SUMMARY.exec(line) ?? [];
    if (outcome) told.push(...(told.length < MAX_LISTED ? [{ target, name, outcome, error: '' }] : []));
    else if (failed !== undefined) explained = told.findLast((test) => test.target === target && test.name === failed);
    else if (line === 'failures:' || counts.length > 0) explained = undefined;
    else if (explained) explained.error = `${explained.error}${line}\n`.slice(0, MAX_KEPT);
    ran += counts.reduce((sum, count) => sum + Number(count), 0);
    if (STOPPED.test(line)) isCut = true;
    if (WENT_ON.test(line)) isCut = false;
  };
  return {
    read(line) {
      target = targetOf(line) ?? target;
      note(line);
      return line;
    },
    report: async ({ invocation }) => {
      const results = told.map((test) => resultOf(test, invocation, alone));
      return { results, ...(results.length !== ran || isCut ? { partial: true } : {}), ...(isCut ? { stopped: true } : {}) };
    },
  };
}

function targetOf(line: string): CargoTarget | undefined {
  const [, unit, file = '', program = ''] = RUNNING.exec(line) ?? [];
  if (program) return { kind: unit ? (/(^|\/)lib\.rs$/.test(file) ? 'lib' : 'bin') : 'test', name: program, file };
  const documented = DOC_TESTS.exec(line)?.[1];
  return documented ? { kind: 'doc', name: documented } : undefined;
}

function resultOf({ target, name, outcome, error }: Told, invocation: Invocation, alone: Alone): TestResult {
  // Lines move with every edit above them.
  const steady = name.replace(/ \(line \d+\)/, '');
  const file = fileOf(target, name, error);
  const passed = outcome === 'ok';
  const result = { name: `${target.name}::${steady}`, ...(file ? { file: join(invocation.folder, file) } : {}), passed };
  if (passed) return result;
  if (outcome === 'ignored') return { ...result, skipped: true };
  return { ...result, error: boundedError(error), command: alone(invocation, { target, name }) };
}

/** By where it panicked: a target's file holds few of the tests of a crate. Doc tests begin with their file. */
function fileOf({ kind, file }: CargoTarget, name: string, error: string): string | undefined {
  if (kind === 'doc') return /^(\S+\.(?:rs|md)) - /.exec(name)?.[1];
  return kind === 'test' ? file : /panicked at (?!\/)([^\s:]+\.rs):\d+/.exec(error)?.[1];
}
