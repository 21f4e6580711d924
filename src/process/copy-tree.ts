import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface CopyTree {
  from: string;
  /** Must not exist. */
  to: string;
  signal?: AbortSignal | undefined;
}

/** The system's own program is three times as fast as Node's; both share blocks with the original where the file system can, never files. */
const PROGRAM: Partial<Record<NodeJS.Platform, string[]>> = { linux: ['-a', '--reflink=auto'], darwin: ['-c', '-R', '-p'] };

/** Copies a folder with its links as they are, times and modes kept: what is changed in one does not change the other. */
export async function copyTree({ from, to, signal }: CopyTree): Promise<void> {
  const options = PROGRAM[process.platform];
  if (options && (await copiedByProgram({ from, to, signal }, options))) return;
  await rm(to, { recursive: true, force: true });
  signal?.throwIfAborted();
  await cp(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE, verbatimSymlinks: true, preserveTimestamps: true });
}

/** An older or smaller `cp` does not know these options. */
async function copiedByProgram({ from, to, signal }: CopyTree, options: string[]): Promise<boolean> {
  try {
    await promisify(execFile)('cp', [...options, '--', from, to], signal ? { signal } : {});
    return true;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}
