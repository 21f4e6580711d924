import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { ArtifactRecord } from '../../contracts/records.ts';
import type { ArtifactStore } from './artifact-store.ts';

/** `changed`: what is in the file by now has been recorded, or will be, by itself. */
export type Sent = 'sent' | 'gone' | 'changed';

interface Sending {
  store: ArtifactStore;
  /** Absolute. */
  path: string;
  artifact: ArtifactRecord;
  signal?: AbortSignal;
}

/** Puts a file of this host into the store, as it was recorded: what has been appended to it since is left out. */
export async function sendFile({ store, path, artifact, signal }: Sending): Promise<Sent> {
  const { bytes, sha256 } = artifact;
  const content = () => createReadStream(path, { start: 0, end: Math.max(0, bytes - 1) });
  const hash = createHash('sha256');
  if (bytes > 0) {
    try {
      await pipeline(content(), hash, signal ? { signal } : {});
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'gone';
      throw error;
    }
  }
  if (hash.digest('hex') !== sha256) return 'changed';
  await store.put(artifact, bytes > 0 ? content() : createReadStream('/dev/null'), signal);
  return 'sent';
}
