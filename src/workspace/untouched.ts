import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { HardenedGit } from '../git/hardened-git.ts';

/** Larger files are data; nobody ends lines in them. */
const MAX_BYTES = 16 * 1024 * 1024;
const AT_ONCE = 8;
/** An argument list has limits. */
const PATHS_A_CALL = 200;

interface Untouched {
  git: HardenedGit;
  path: string;
  /** What the files are compared with. */
  commit: string;
  /** Of the index. */
  tree: string;
  signal?: AbortSignal | undefined;
}

/**
 * Files whose line ends are not those that their `.gitattributes` ask for look changed to git as soon as they are checked out. What
 * nobody touched is put back into the index as it was, so that no commit rewrites it. True: the index has changed.
 */
export async function keepUntouched({ git, path, commit, tree, signal }: Untouched): Promise<boolean> {
  // Two trees are compared without reading the index.
  const options = ['-r', '--raw', '-z', '--no-renames', '--diff-filter=M', '--abbrev=40'];
  const listed = await git.run(['diff-tree', ...options, commit, tree, '--'], { signal });
  const turn = pLimit(AT_ONCE);
  const entries = changesIn(listed);
  const untouched = await Promise.all(entries.map((entry) => turn(() => isUntouched({ git, path, entry, signal }))));
  const kept = entries.filter((_entry, index) => untouched[index]);
  for (let done = 0; done < kept.length; done += PATHS_A_CALL) {
    const entriesOfCall = kept.slice(done, done + PATHS_A_CALL);
    const info = entriesOfCall.flatMap(({ mode, blob, name }) => ['--cacheinfo', `${mode},${blob},${name}`]);
    await git.run(['update-index', ...info], { signal });
  }
  return kept.length > 0;
}

interface Change {
  /** As it is now. */
  mode: string;
  /** As it was. */
  blob: string;
  name: string;
}

/** `:100644 100644 <before> <after> M`, then the name. */
function changesIn(listed: string): Change[] {
  const parts = listed.split('\0');
  const changes: Change[] = [];
  for (let index = 0; index + 1 < parts.length; index += 2) {
    const [, mode = '', blob = ''] = parts[index]?.split(' ') ?? [];
    if (mode.startsWith('100')) changes.push({ mode, blob, name: parts[index + 1] ?? '' });
  }
  return changes;
}

async function isUntouched({ git, path, entry, signal }: Omit<Untouched, 'commit' | 'tree'> & { entry: Change }): Promise<boolean> {
  const file = join(path, entry.name);
  const found = await lstat(file).catch(() => undefined);
  if (!found?.isFile() || found.size > MAX_BYTES) return false;
  const content = await readFile(file);
  // Without these, what is checked out is what git takes in again.
  if (!content.includes('\r')) return false;
  if (blobOf(content) === entry.blob) return true;
  const checkedOut = await git.run(['cat-file', '--filters', `--path=${entry.name}`, entry.blob], { signal });
  return checkedOut === content.toString();
}

/** Git's name for this content. */
const blobOf = (content: Buffer): string => createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
