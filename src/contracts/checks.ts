import type { Evidence, SomeTests } from './evidence.ts';
import type { StepRef } from './work.ts';

export interface ChecksInput {
  step: StepRef;
  commands: { command: string; runner: string }[];
  checkpoint: string;
  timeoutMs: number;
  /** The report of an earlier check: tests that it ran are missed. */
  since?: string;
}
export interface FailureRef {
  /** Its place in the report, which has its error. */
  index: number;
  name: string;
  file?: string;
  command?: string;
}
export interface ChecksOutcome {
  evidence: Evidence;
  /** The first failures; texts are in the evidence's artifact. */
  failures: FailureRef[];
  /** No failure names a test: the failed commands are all that is known. */
  unnamed: boolean;
  /** The same for the same failures with the same errors. */
  signature: string;
  /** Tests that the earlier check ran and this one did not. */
  missed?: SomeTests;
}

export interface AffectedInput extends ChecksInput {
  /** The commit since which files have changed. */
  changedSince: string;
}

export interface CompareInput extends ChecksInput {
  base: string;
  /** The report of the check that failed. */
  report: string;
}
/** A failed check, beside what the same commands say on the base. */
export interface BaseComparison extends Pick<ChecksOutcome, 'failures' | 'unnamed' | 'signature'> {
  /** Where all that failed fails on the base as well. */
  knownFailures?: SomeTests;
  /** Why failures count although the base fails too. */
  note?: string;
}

/** The failing tests of a log, as far as the workflow needs them: the artifact has their errors. */
export interface TestResultsDigest {
  failures: FailureRef[];
}
