import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, realpath, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { RepositoryRef } from '../contracts/repository.ts';
import { copyTree } from '../process/copy-tree.ts';
import { changedAt } from '../process/file-age.ts';
import { readIfThere } from '../process/read-if-there.ts';
import { discard, removeTree, TRASH_PREFIX } from './remove-tree.ts';
import { workingDirectory } from './working-directory.ts';

/** Of all repositories together: a handful of large projects. */
const MAX_BYTES = 5 * 1024 ** 3;
/** Since its last use: what is not used for a month has another lock file by now. */
const MAX_AGE_MS = 30 * 24 * 3_600_000;
/** Half-made entries of processes that died: no setup takes so long. */
const ABANDONED_MS = 24 * 3_600_000;
const NEW_PREFIX = '.new-';
/** An entry is whole once it has its name; inside, its folders are numbered and its size is noted. */
const SIZE_FILE = 'bytes';

export interface CachedSetup {
  repository: RepositoryRef;
  /** What the content depends on, as a hash. */
  key: string;
  /** Where `paths` begin. */
  root: string;
  /** Folders below it. */
  paths: readonly string[];
  signal?: AbortSignal | undefined;
}

/** Why nothing was kept. */
export type StoreOutcome = 'stored' | 'already_there' | { left: string };

/** Folders that setups made, shared by the runs of a repository on this machine. */
export interface SetupCache {
  /** Puts all of the folders into a worktree that has none of them, or leaves it as it was. */
  restore(setup: CachedSetup): Promise<boolean>;
  store(setup: CachedSetup): Promise<StoreOutcome>;
  /** Removes what is old or too much, the least recently used first; with `all`, everything. Gives the bytes it freed. */
  prune(options?: { all?: boolean; dryRun?: boolean }): Promise<{ entries: number; bytes: number }>;
}

export interface SetupCacheOptions {
  home: string;
  maxBytes?: number;
  maxAgeMs?: number;
}

export function createSetupCache({ home, maxBytes = MAX_BYTES, maxAgeMs = MAX_AGE_MS }: SetupCacheOptions): SetupCache {
  const top = join(home, 'cache', 'setup');
  const entryOf = ({ repository: { forge, owner, name }, key }: CachedSetup): string => join(top, forge, owner, name, key);

  async function restore(setup: CachedSetup): Promise<boolean> {
    const entry = entryOf(setup);
    if (!(await exists(join(entry, SIZE_FILE)))) return false;
    const places = await placesOf(setup);
    // What the commit has there itself is not written over, and no link is followed out of the worktree.
    if (places === undefined || (await someExist(places))) return false;
    const now = new Date();
    await utimes(entry, now, now);
    try {
      for (const [index, to] of places.entries()) await copyTree({ from: join(entry, String(index)), to, signal: setup.signal });
      return true;
    } catch (error) {
      for (const place of places) await removeTree(place);
      setup.signal?.throwIfAborted();
      throw error;
    }
  }

  async function store(setup: CachedSetup): Promise<StoreOutcome> {
    const entry = entryOf(setup);
    if (await exists(entry)) return 'already_there';
    const places = (await placesOf(setup)) ?? [];
    const left = await whyLeft(setup.paths, places);
    if (left !== undefined) return { left };
    const bytes = (await Promise.all(places.map(sizeOf))).reduce((sum, size) => sum + size, 0);
    if (bytes > maxBytes / 2) return { left: `it has ${Math.round(bytes / 1024 ** 2)} MB, more than one entry may` };
    const made = join(dirname(entry), `${NEW_PREFIX}${basename(entry)}-${randomUUID()}`);
    try {
      await mkdir(made, { recursive: true, mode: 0o700 });
      for (const [index, from] of places.entries()) await copyTree({ from, to: join(made, String(index)), signal: setup.signal });
      await writeFile(join(made, SIZE_FILE), String(bytes));
      await rename(made, entry);
    } catch (error) {
      await rm(made, { recursive: true, force: true });
      // Another run of the same key was quicker.
      if (await exists(join(entry, SIZE_FILE))) return 'already_there';
      throw error;
    }
    await prune();
    return 'stored';
  }

  const prune: SetupCache['prune'] = (options) => pruneEntries(top, { maxBytes, maxAgeMs, ...options });

  return { restore, store, prune };
}

/** Folders that are not there, or that would not work elsewhere. */
async function whyLeft(paths: readonly string[], places: readonly string[]): Promise<string | undefined> {
  for (const [index, path] of paths.entries()) {
    const place = places[index];
    if (!place || !(await lstat(place).catch(() => undefined))?.isDirectory()) return `the setup made no folder ${path}`;
    // Its scripts name the worktree that it was made in.
    if (await exists(join(place, 'pyvenv.cfg'))) return `${path} is a Python environment, which works in its own place only`;
  }
  return undefined;
}

interface Pruning {
  maxBytes: number;
  maxAgeMs: number;
  all?: boolean;
  dryRun?: boolean;
}

async function pruneEntries(
  top: string,
  { maxBytes, maxAgeMs, all = false, dryRun = false }: Pruning,
): Promise<{ entries: number; bytes: number }> {
  const entries = (await entriesBelow(top)).toSorted((one, other) => other.usedAt - one.usedAt);
  let kept = 0;
  const freed = { entries: 0, bytes: 0 };
  for (const { path, bytes, usedAt, isWhole } of entries) {
    const age = Date.now() - usedAt;
    const stays = !all && (isWhole ? age <= maxAgeMs && kept + bytes <= maxBytes : age <= ABANDONED_MS);
    if (stays) kept += bytes;
    if (stays) continue;
    freed.entries++;
    freed.bytes += bytes;
    if (dryRun) continue;
    // Out of the way first: nobody begins to copy what is being deleted.
    const trash = await discard(path);
    if (trash) await removeTree(trash);
  }
  return freed;
}

/** Where the folders lie in the worktree; undefined where one's parent is no folder of it. */
async function placesOf({ root, paths }: CachedSetup): Promise<string[] | undefined> {
  try {
    return await Promise.all(
      paths.map(async (path) => {
        const folder = dirname(path);
        const parent = await workingDirectory({ root: await realpath(root), folder: folder === '.' ? undefined : folder });
        return join(parent, basename(path));
      }),
    );
  } catch {
    return undefined;
  }
}

const exists = async (path: string): Promise<boolean> => (await lstat(path).catch(() => undefined)) !== undefined;

const someExist = async (paths: readonly string[]): Promise<boolean> => (await Promise.all(paths.map(exists))).some(Boolean);

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await sizeOf(path);
    else bytes += (await lstat(path)).size;
  }
  return bytes;
}

interface Entry {
  path: string;
  bytes: number;
  usedAt: number;
  isWhole: boolean;
}

/** `<forge>/<owner>/<name>/<key>`, half-made and half-deleted ones too. */
async function entriesBelow(top: string): Promise<Entry[]> {
  let folders = [top];
  for (let depth = 0; depth < 4; depth++) {
    const inside = folders.map(async (folder) => (await readdir(folder).catch(() => [])).map((name) => join(folder, name)));
    folders = (await Promise.all(inside)).flat();
  }
  return Promise.all(
    folders.map(async (path) => ({
      path,
      bytes: Number((await readIfThere(join(path, SIZE_FILE))) ?? 0),
      usedAt: await changedAt(path),
      isWhole: !basename(path).startsWith(NEW_PREFIX) && !basename(path).startsWith(TRASH_PREFIX),
    })),
  );
}
