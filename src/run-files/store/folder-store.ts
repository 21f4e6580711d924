import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { keyOf, PROBE, runKey, unusableStore } from './artifact-store.ts';
import type { ArtifactStore } from './artifact-store.ts';

/** A folder that all hosts mount. */
export function createFolderStore({ folder }: { folder: string }): ArtifactStore {
  const fileOf = (key: string): string => join(folder, 'artifacts', key);
  const failing = (error: unknown): never => {
    throw unusableStore(folder, error);
  };
  return {
    where: folder,
    async put(artifact, content, signal) {
      const path = fileOf(keyOf(artifact));
      // Whoever reads meanwhile has all of it, or nothing.
      const beside = `${path}.${randomUUID()}.part`;
      const write = async (): Promise<void> => {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await pipeline(content, createWriteStream(beside, { mode: 0o600, flush: true }), signal ? { signal } : {});
        await rename(beside, path);
      };
      await write().catch(async (error: unknown) => {
        await rm(beside, { force: true }).catch(() => {});
        return failing(error);
      });
    },
    async get(artifact, range) {
      const file = await openIfThere(fileOf(keyOf(artifact))).catch(failing);
      return file?.createReadStream(range ? { start: range.first, end: range.last } : {});
    },
    async removeRun(runId) {
      await rm(fileOf(runKey(runId)), { recursive: true, force: true, maxRetries: 2 }).catch(failing);
    },
    async check() {
      const probe = fileOf(`${PROBE}-${randomUUID()}`);
      const go = async (): Promise<void> => {
        await mkdir(dirname(probe), { recursive: true, mode: 0o700 });
        await writeFile(probe, PROBE);
        await readFile(probe);
        await rm(probe);
      };
      await go().catch(failing);
    },
  };
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
