import { randomUUID } from 'node:crypto';
import { chmod, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Names that `discard` gives; what carries one is waiting to be deleted. */
export const TRASH_PREFIX = '.trash-';

/** Moves a tree out of the way at once, and returns where it waits for `removeTree`. Undefined: there was none. */
export async function discard(path: string): Promise<string | undefined> {
  const trash = join(dirname(path), `${TRASH_PREFIX}${basename(path)}-${randomUUID()}`);
  try {
    await rename(path, trash);
    return trash;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Deletes a tree, also where an agent or a test took away the right to write in its folders. Never follows links. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2 });
  } catch {
    await unlockFolders(path);
    await rm(path, { recursive: true, force: true, maxRetries: 2 });
  }
}

async function unlockFolders(path: string): Promise<void> {
  await chmod(path, 0o700);
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await unlockFolders(join(path, entry.name));
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
