import { stripVTControlCharacters } from 'node:util';
import { MAX_TAIL_BYTES } from '../contracts/constants.ts';
import type { Evidence, TestResult } from '../contracts/evidence.ts';
import type { Invocation } from './invocation.ts';

export type RunnerName =
  | 'vitest'
  | 'jest'
  | 'mocha'
  | 'node:test'
  | 'pytest'
  | 'unittest'
  | 'go test'
  | 'cargo test'
  | 'maven'
  | 'gradle'
  | 'rspec'
  | 'other';

export interface ReportRequest {
  command: string;
  /** Added to the environment. */
  env: Record<string, string>;
  /** Where the report is what the command prints. */
  reader?: OutputReader;
}

/** Makes a report of what a command prints, in bounded memory, and prose of what was not meant for people. */
export interface OutputReader {
  /** Takes a line and gives what people should read in its place, if anything. */
  read(line: string): string | undefined;
  report(input: Pick<ReportInput, 'invocation' | 'cwd'>): Promise<TestReport>;
}

export interface RequestInput {
  invocation: Invocation;
  /** Where the report is to be written. */
  reportFile: string;
  /** The environment that the command will have. */
  env: Record<string, string>;
}

export interface ReportInput {
  invocation: Invocation;
  /** The report's text; empty where none was written. */
  report: string;
  /** What the command printed, or the end of it; without colours. */
  output: string;
  /** The repository's root (or the folder in it that is worked in), by its real path. */
  cwd: string;
  /** JUnit XML that the command left in the workspace. */
  left: LeftReport[];
}

export interface LeftReport {
  /** Relative to `cwd`. */
  path: string;
  text: string;
}

export interface TestReport {
  results: TestResult[];
  /** Where the runner names only what failed. */
  counts?: NonNullable<Evidence['counts']>;
  /** Tests ran that are not among the results. */
  partial?: true;
  /** It ended at a failure, and tests after it did not run. */
  stopped?: true;
}

export interface RunnerEnd {
  exitCode: number | null;
  output: string;
  report: TestReport;
}

/** One test runner: how to have it report without changing what it runs, and how to read that. */
export interface Runner {
  readonly name: RunnerName;
  /** Whether this command starts it. */
  isStartedBy(line: string): boolean;
  /** Nothing where a report cannot be had without changing what is run. */
  request(input: RequestInput): ReportRequest | undefined;
  /** Which files are reports that it leaves in the workspace by itself. */
  leaves?: RegExp;
  /** Whether a report that was there before tells of this run too, by what the command printed. */
  holds?(path: string, output: string): boolean;
  /** Throws where the report cannot be understood. */
  parse(input: ReportInput): Promise<TestReport>;
  /** Whether there was nothing to run, which many runners call a failure. */
  foundNone(end: RunnerEnd): boolean;
  /** The command that runs only what these files can have changed; nothing where the runner cannot tell. */
  affected?(input: AffectedInput): string | undefined;
}

export interface AffectedInput {
  invocation: Invocation;
  /** Files that are there, relative to the folder of the invocation. */
  changedFiles: readonly string[];
}

const HEAD_BYTES = 2800;

/** An error's text without colours, at most 4 KiB: its beginning and its end. */
export function boundedError(text: string): string {
  const plain = stripVTControlCharacters(text).trim();
  const bytes = Buffer.from(plain);
  if (bytes.length <= MAX_TAIL_BYTES) return plain;
  const mark = '\n[…]\n';
  const tail = MAX_TAIL_BYTES - HEAD_BYTES - Buffer.byteLength(mark);
  return `${whole(bytes.subarray(0, HEAD_BYTES))}${mark}${whole(bytes.subarray(-tail))}`;
}

/** A cut through a character leaves replacement characters at the edge. */
const whole = (bytes: Buffer): string => bytes.toString().replaceAll(/^\uFFFD+|\uFFFD+$/g, '');
