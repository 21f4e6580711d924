import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import { Readable } from 'node:stream';
import { BelayError } from '../contracts/errors.ts';
import type { ArtifactRecord } from '../contracts/records.ts';
import { fileError, notStored } from './errors.ts';
import { absoluteInHome, artifactsFolder } from './places.ts';
import type { ArtifactStore, ByteRange } from './store/artifact-store.ts';

/** An artifact's content, wherever it is. It has to be read to its end, or closed. */
export interface OpenArtifact {
  bytes: number;
  /** All of it, or a part; once. */
  read(range?: ByteRange): Promise<Readable>;
  close(): Promise<void>;
}

interface Place {
  home: string;
  store?: ArtifactStore | undefined;
}

/**
 * Opens an artifact's file, or what the store has of it. Throws invalid_input for one that does not lie in its run's own folder, links
 * followed: what a record says, or an agent has put there, must not lead to other files of this machine.
 */
export async function openArtifact({ home, store }: Place, artifact: ArtifactRecord): Promise<OpenArtifact> {
  const path = absoluteInHome(home, artifact.path);
  try {
    return ofFile(await openFile(home, artifact));
  } catch (error) {
    if (!store || !isMissing(error)) throw fileError({ path, error });
    return ofStore(store, artifact);
  }
}

async function openFile(home: string, { runId, path }: ArtifactRecord): Promise<{ file: FileHandle; bytes: number }> {
  const folder = artifactsFolder({ home, runId });
  const absolute = absoluteInHome(home, path);
  if (!absolute.startsWith(`${folder}${sep}`)) throw outside(path, runId);
  // The folder of all runs may be a link to a larger disk, and nothing below it.
  const runs = dirname(dirname(folder));
  const [real, realRuns] = await Promise.all([realpath(absolute), realpath(runs)]);
  if (!real.startsWith(`${realRuns}${folder.slice(runs.length)}${sep}`)) throw outside(path, runId);
  const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    if (!found.isFile()) throw outside(path, runId);
    return { file, bytes: found.size };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** As long as it is now: a transcript grows while it is read. */
const ofFile = ({ file, bytes }: { file: FileHandle; bytes: number }): OpenArtifact => ({
  bytes,
  async read({ first, last } = { first: 0, last: bytes - 1 }) {
    if (last >= first) return file.createReadStream({ start: first, end: last });
    await file.close();
    return Readable.from([]);
  },
  close: () => file.close(),
});

const ofStore = (store: ArtifactStore, artifact: ArtifactRecord): OpenArtifact => ({
  bytes: artifact.bytes,
  async read(range) {
    const content = await store.get(artifact, range);
    if (content) return content;
    throw notStored(artifact);
  },
  close: () => Promise.resolve(),
});

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

const outside = (path: string, runId: string): BelayError =>
  new BelayError({ code: 'invalid_input', message: `${path} is no artifact of run ${runId}.` });
