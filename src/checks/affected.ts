import { resolveInvocation } from './invocation.ts';
import type { ReadFile } from './package-scripts.ts';
import { runnerFor } from './runners.ts';
import { quote } from './shell.ts';

export interface AffectedTests {
  /** The suite's. */
  command: string;
  /** For the record: it is found anew from what the command starts by now. */
  runner?: string;
  /** From the repository's root. */
  changedFiles: readonly string[];
  /** Reads the files as they are after the change, from the root. */
  readFile: ReadFile;
}

/** Longer commands are refused by some systems; so much has changed only where all tests are affected anyway. */
const MAX_FILES = 200;

/** A command for the tests that these files may affect, sooner done than the suite. Undefined where the runner cannot say. */
export async function affectedCommand({ command, changedFiles, readFile }: AffectedTests): Promise<string | undefined> {
  const { folder, line } = await resolveInvocation({ command, readFile });
  const start = STARTS[runnerFor(line).name];
  const files = changedFiles.filter((file) => start?.takes.test(file));
  if (!start || folder || files.length === 0 || files.length > MAX_FILES) return undefined;
  const there = await Promise.all(files.map(async (file) => ((await readFile(file)) === undefined ? [] : [quote(file)])));
  return there.flat().length === 0 ? undefined : `${start.program} ${there.flat().join(' ')}`;
}

/** vitest and jest follow imports; the others are given the tests that changed themselves. */
const STARTS: Partial<Record<string, { program: string; takes: RegExp }>> = {
  vitest: { program: 'npx vitest related --run', takes: /\.[cm]?[jt]sx?$/ },
  jest: { program: 'npx jest --findRelatedTests', takes: /\.[cm]?[jt]sx?$/ },
  'node:test': { program: 'node --test', takes: /[.-_]test\.[cm]?[jt]s$/ },
  pytest: { program: 'python3 -m pytest', takes: /(?:^|\/)(?:test_[^/]*|[^/]*_test)\.py$/ },
};
