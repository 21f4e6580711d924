import { relative } from 'node:path';
import { resolveInvocation } from './invocation.ts';
import type { ReadFile } from './package-scripts.ts';
import type { RunnerName } from './runner.ts';
import { runnerFor } from './runners.ts';

export interface AffectedTests {
  command: string;
  /** For the record: it is found anew from what the command starts by now. */
  runner?: RunnerName | (string & {});
  /** From the repository's root, removed ones too. */
  changedFiles: readonly string[];
  /** Reads the files as they are after the change, from the root. */
  readFile: ReadFile;
  /** The folder in the repository where the command runs. */
  workingDirectory?: string;
}

/** More files than this are the whole suite's affair, and a line of the shell has its limits. */
const MAX_FILES = 200;

/**
 * The command that runs only the tests that a change can have broken; nothing where the runner cannot say which they are. It passes where there
 * are none. It is quick, and no evidence: what it leaves out may fail.
 */
export async function affectedCommand({
  command,
  changedFiles,
  readFile,
  workingDirectory = '',
}: AffectedTests): Promise<string | undefined> {
  if (changedFiles.length > MAX_FILES) return undefined;
  const within = (path: string): string => (workingDirectory ? `${workingDirectory}/${path}` : path);
  const invocation = await resolveInvocation({ command, readFile: (path) => readFile(within(path)) });
  const files: string[] = [];
  for (const path of changedFiles) {
    const inFolder = relative(within(invocation.folder) || '.', path);
    if (!inFolder.startsWith('..') && (await readFile(path)) !== undefined) files.push(inFolder);
  }
  return files.length === 0 ? undefined : runnerFor(invocation.line).affected?.({ invocation, changedFiles: files.toSorted() });
}
