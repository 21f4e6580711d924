import { quote } from './shell.ts';

export interface AffectedRequest {
  /** The suite's. */
  command: string;
  /** What the command starts in the end. */
  runner: string;
  /** Relative to the repository's root. */
  changedFiles: readonly string[];
}

/** Longer commands are refused by some systems; so much has changed only where all tests are affected anyway. */
const MAX_FILES = 200;

/** A command for the tests that these files may affect, sooner done than the suite. Undefined where the runner cannot say. */
export function affectedCommand({ runner, changedFiles }: AffectedRequest): string | undefined {
  const start = STARTS[runner];
  const files = changedFiles.filter((file) => start?.takes.test(file));
  if (!start || files.length === 0 || files.length > MAX_FILES) return undefined;
  return `${start.program} ${files.map(quote).join(' ')}`;
}

/** vitest and jest follow imports; the others are given the tests that changed themselves. */
const STARTS: Partial<Record<string, { program: string; takes: RegExp }>> = {
  vitest: { program: 'npx vitest related --run', takes: /\.[cm]?[jt]sx?$/ },
  jest: { program: 'npx jest --findRelatedTests', takes: /\.[cm]?[jt]sx?$/ },
  'node:test': { program: 'node --test', takes: /[.-_]test\.[cm]?[jt]s$/ },
  pytest: { program: 'python3 -m pytest', takes: /(?:^|\/)(?:test_[^/]*|[^/]*_test)\.py$/ },
};
