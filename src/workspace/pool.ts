import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, statfs } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import pLimit from 'p-limit';
import type { Mirror } from '../git/mirror.ts';
import { cleanForOthers } from './pool-cleaning.ts';
import { INDEX_NAME } from './private-index.ts';
import { registrationState, removeRegistration, unfinishedRegistrations } from './registration.ts';
import type { Place } from './registration.ts';
import { removeTree } from './remove-tree.ts';
import { renameIfThere } from './rename-if-there.ts';
import { registrationPath } from './run-folders.ts';

/** A tree without an owner: its files, and the private index that knows them. */
export interface PooledTree {
  tree: string;
  index: string;
  /** The commit that the files were brought to when it was given back. */
  commit: string | undefined;
  /** What is left of it goes. */
  discard(): void;
}

/**
 * Worktrees that runs gave back, kept for the next run of their repository: bringing one to a commit touches only the files that
 * differ. Everything in its folder may be deleted at any time, by anybody: who finds nothing there makes a new worktree.
 */
export interface WorktreePool {
  /** Takes a run's tree out of its place at once; it is cleaned, brought to the commit, and kept, or deleted, in the background. */
  give(input: Place & { commit: string | undefined }): Promise<void>;
  /** One that nobody else has, at this commit if there is such a one, or undefined. */
  take(input: { mirror: Mirror; commit: string }): Promise<PooledTree | undefined>;
  /** Waits for what goes on in the background. */
  settled(): Promise<void>;
  /** Deletes what a killed process has left half-made. Only while no other process uses the home. */
  sweep(mirrors: readonly Mirror[]): Promise<void>;
}

export interface PoolSettings {
  /** How many trees of one repository are kept at most. */
  size: number;
  /** Told of what fails in the background. */
  onProblem: (error: unknown, message: string) => void;
}

/** Trees of one repository hold so many files together at most; one tree is always kept. */
const MAX_FILES = 200_000;
/** With less space than this on the disk nothing is kept. */
const MIN_FREE_BYTES = 2 * 1024 ** 3;
/** More at once only makes the disk slower for the runs that work. */
const AT_ONCE = 2;
/** Names of what is not ready, or not any more. */
const HALF = '.half-';
const READY = /^[0-9a-z]+-[0-9a-f-]{36}(?:\.[0-9a-f]+)?$/;

export const poolFolder = (home: string): string => join(resolve(home), 'pool');

export function createWorktreePool({ home, size, onProblem }: PoolSettings & { home: string }): WorktreePool {
  const { later, settled } = createBackground(onProblem);
  const folderOf = ({ repository: { forge, owner, name } }: Mirror): string => join(poolFolder(home), forge, owner, name);

  async function give({ commit, ...place }: Place & { commit: string | undefined }): Promise<void> {
    const { mirror, runId, path } = place;
    const folder = folderOf(mirror);
    const half = join(folder, `${HALF}${randomUUID()}`);
    const isOurs = (await registrationState(place)) === 'whole';
    await mkdir(half, { recursive: true, mode: 0o700 });
    await renameIfThere(path, join(half, 'tree'));
    await renameIfThere(join(registrationPath({ gitDir: mirror.gitDir, runId }), INDEX_NAME), join(half, 'index'));
    await removeRegistration(place);
    later(async () => {
      let isKept = false;
      try {
        isKept = isOurs && (await keep({ half, folder, mirror, commit, size }));
      } finally {
        if (!isKept) await removeTree(half);
      }
    });
    later(() => mirror.tidy(), 'A mirror could not be packed; fetches of its repository become slower');
  }

  async function take({ mirror, commit }: { mirror: Mirror; commit: string }): Promise<PooledTree | undefined> {
    const folder = folderOf(mirror);
    for (const name of atFirst(await readyIn(folder), commit)) {
      const half = await claim(join(folder, name));
      if (half === undefined) continue;
      const discard = (): void => later(() => removeTree(half));
      return { tree: join(half, 'tree'), index: join(half, 'index'), commit: commitOf(name), discard };
    }
    return undefined;
  }

  async function sweep(mirrors: readonly Mirror[]): Promise<void> {
    const half = (await pooled(home)).filter(({ ready }) => !ready).map(({ path }) => path);
    const drafts = mirrors.map(({ gitDir }) => unfinishedRegistrations(gitDir));
    for (const path of [...half, ...drafts]) later(() => removeTree(path));
    await settled();
  }

  return { give, take, settled, sweep };
}

interface Candidate {
  half: string;
  folder: string;
  mirror: Mirror;
  commit: string | undefined;
  size: number;
}

/** Makes a returned tree ready for others, within the limits; false: it is not to be kept. */
async function keep({ half, folder, mirror, commit, size }: Candidate): Promise<boolean> {
  if ((await freeBytes(folder)) < MIN_FREE_BYTES) return false;
  const cleaned = await cleanForOthers({ mirror, tree: join(half, 'tree'), index: join(half, 'index'), commit });
  if (!cleaned) return false;
  await rename(half, join(folder, `${Date.now().toString(36)}-${randomUUID()}${commit === undefined ? '' : `.${commit}`}`));
  const room = Math.max(1, Math.min(size, Math.floor(MAX_FILES / cleaned.files)));
  for (const name of (await readyIn(folder)).slice(room)) {
    const tooMany = await claim(join(folder, name));
    if (tooMany !== undefined) await removeTree(tooMany);
  }
  return true;
}

/** Few at a time, after what is waited for. */
function createBackground(onProblem: PoolSettings['onProblem']) {
  const limit = pLimit(AT_ONCE);
  const pending = new Set<Promise<void>>();

  function later(work: () => Promise<void>, problem = 'A returned worktree could not be tidied up; `belay clean` removes it'): void {
    const done = limit(work)
      .catch((error: unknown) => onProblem(error, problem))
      .finally(() => pending.delete(done));
    pending.add(done);
  }

  async function settled(): Promise<void> {
    while (pending.size > 0) await Promise.all(pending);
  }

  return { later, settled };
}

/** Everything in the pool of this home, ready or half-made. */
export async function pooled(home: string): Promise<{ path: string; ready: boolean }[]> {
  // By forge, owner and name of the repository.
  let folders = [poolFolder(home)];
  for (let level = 0; level < 4; level++) folders = (await Promise.all(folders.map(within))).flat();
  return folders.map((path) => ({ path, ready: READY.test(basename(path)) }));
}

async function within(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
}

/** The newest first: its files are the likeliest to be what the next run wants, and to be in memory. */
async function readyIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => READY.test(name))
    .toSorted()
    .reverse();
}

/** What the name of a tree says that its files are. */
const commitOf = (name: string): string | undefined => name.split('.')[1];

/** Those at this commit before others; else in their order. */
const atFirst = (names: readonly string[], commit: string): string[] =>
  names.toSorted((a, b) => Number(commitOf(b) === commit) - Number(commitOf(a) === commit));

/** Renaming is what gives an entry to exactly one of those who want it. */
async function claim(entry: string): Promise<string | undefined> {
  const half = join(dirname(entry), `${HALF}${randomUUID()}`);
  return (await renameIfThere(entry, half)) ? half : undefined;
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
