import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { sep } from 'node:path';
import { BelayError } from '../contracts/errors.ts';
import type { ArtifactRecord } from '../contracts/records.ts';
import { fileError } from './errors.ts';
import { absoluteInHome, runFolder } from './places.ts';

/**
 * Opens an artifact's file for reading. Throws invalid_input for one that does not lie in its run's own folder, links followed: what a
 * record says, or an agent has put there, must not lead to other files of this machine.
 */
export async function openArtifact(home: string, { runId, path }: Pick<ArtifactRecord, 'runId' | 'path'>): Promise<FileHandle> {
  const absolute = absoluteInHome(home, path);
  let file: FileHandle | undefined;
  try {
    const [real, folder] = await Promise.all([realpath(absolute), realpath(runFolder({ home, runId }))]);
    if (!real.startsWith(`${folder}${sep}`)) throw outside(path, runId);
    file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) throw outside(path, runId);
    return file;
  } catch (error) {
    await file?.close();
    throw fileError({ path: absolute, error });
  }
}

const outside = (path: string, runId: string): BelayError =>
  new BelayError({ code: 'invalid_input', message: `${path} is no file of run ${runId}.` });
