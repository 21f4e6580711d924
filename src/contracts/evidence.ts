/** The record of a check that Belay itself ran. An agent's word is never evidence. */
export interface Evidence {
  /** The shell command, as run in the workspace. */
  command: string;
  exitCode: number | null;
  passed: boolean;
  /** The checkpoint that was checked, and Git's hash of its tree. */
  commit: string;
  treeHash: string;
  durationMs: number;
  /** ISO-8601 UTC. */
  checkedAt: string;
  /** Why it ended, when not by itself. */
  ended?: 'timed_out' | 'stalled' | 'cancelled';
  counts?: { passed: number; failed: number; skipped: number };
  /** The command found no test to run, whatever its exit code: it passes, and proves nothing. */
  noTests?: true;
  /** It failed, yet only by tests that fail on the base as well: the first of their names, in plain text. */
  knownFailures?: SomeTests;
  /** The full report's artifact. */
  artifactId?: string;
}

/** How many tests, and the first of their names. */
export interface SomeTests {
  count: number;
  names: string[];
}

/** Whether work may be published as far as this check goes: it passed, or it fails as the base does and not otherwise. */
export const isAcceptable = ({ passed, knownFailures }: Evidence): boolean => passed || knownFailures !== undefined;

/** One test of a report. */
export interface TestResult {
  name: string;
  /** Relative to the repository's root. */
  file?: string;
  passed: boolean;
  skipped?: boolean;
  /** Bounded. */
  error?: string;
  /** Runs this test alone, in the workspace. */
  command?: string;
}
