import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CLOSED_STATUSES, RUN_STATUSES, WORKSPACE_KINDS } from '../contracts/constants.ts';
import { repositoryOfRun, repositorySlug } from '../contracts/repository.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { Mirror, Mirrors } from '../git/mirror.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { changedAt } from '../process/file-age.ts';
import { pooled } from '../workspace/pool.ts';
import { discard, removeTree } from '../workspace/remove-tree.ts';
import { registrationsFolder, runOfTree } from '../workspace/run-folders.ts';
import type { Finding } from './finding.ts';

export interface DiskBudgetOptions {
  home: string;
  mirrors: Mirrors;
  ledger: Pick<Ledger, 'getRun' | 'listRuns'>;
  /** What mirrors and kept worktrees may take together. */
  diskBytes: number;
  /** Without the kept worktrees, where those go anyway. */
  mirrorsOnly?: boolean;
}

interface Kept {
  path: string;
  bytes: number;
  usedAt: number;
  /** Whether it can be made again, and nobody is at work with it: asked anew before it goes. */
  isFree(): Promise<boolean>;
  words: string;
}

const MANY = 10_000;
const REFS = 'refs/belay/';
const du = promisify(execFile);

/**
 * What has to go for mirrors and kept worktrees to fit: worktrees first, for they are made again in a moment; the longest unused first.
 * A mirror goes only where all of it can be fetched again: no run of its repository is open, and none's work is in it alone.
 */
export async function findOverBudget(options: DiskBudgetOptions): Promise<Finding[]> {
  const kept = await weighed([...(options.mirrorsOnly ? [] : await keptTrees(options)), ...(await keptMirrors(options))]);
  let excess = kept.reduce((sum, { bytes }) => sum + bytes, 0) - options.diskBytes;
  const found: Finding[] = [];
  for (const each of kept) {
    if (excess <= 0) break;
    if (!(await each.isFree())) continue;
    excess -= each.bytes;
    found.push({ words: `${each.words} (${Math.ceil(each.bytes / 1024 ** 2)} MB over the disk budget)`, remove: () => removeIfFree(each) });
  }
  return found;
}

/** Moved first: whoever wants it has it whole, or not at all. */
async function removeIfFree({ path, isFree }: Kept): Promise<void> {
  if (await isFree()) await removeTree((await discard(path)) ?? path);
}

type Unweighed = Omit<Kept, 'bytes'>;

async function keptTrees({ home }: DiskBudgetOptions): Promise<Unweighed[]> {
  const trees = (await pooled(home)).filter(({ ready }) => ready);
  const found = trees.map(async ({ path }) => ({ path, usedAt: await changedAt(path), isFree: async () => true, words: path }));
  return (await Promise.all(found)).toSorted(longestUnused);
}

async function keptMirrors({ home, mirrors, ledger }: DiskBudgetOptions): Promise<Unweighed[]> {
  const found = (await mirrors.list()).map(async (mirror) => ({
    path: mirror.gitDir,
    usedAt: await changedAt(join(mirror.gitDir, 'FETCH_HEAD')),
    isFree: () => isFree(mirror, { home, ledger }),
    words: `the mirror of ${repositorySlug(mirror.repository)}`,
  }));
  return (await Promise.all(found)).toSorted(longestUnused);
}

const longestUnused = (one: Unweighed, other: Unweighed): number => one.usedAt - other.usedAt;

async function isFree(mirror: Mirror, { home, ledger }: Pick<DiskBudgetOptions, 'home' | 'ledger'>): Promise<boolean> {
  // Workspaces, and checkpoints of runs that can still be gone on from.
  for (const kind of WORKSPACE_KINDS) if ((await namesIn(registrationsFolder({ gitDir: mirror.gitDir, kind }))).length > 0) return false;
  if (await isOpened(mirror, home)) return false;
  for (const ref of await mirror.listRefs(REFS)) if (!(await isPublished(ledger, ref))) return false;
  const open = RUN_STATUSES.filter((status) => !CLOSED_STATUSES.includes(status));
  const runs = await ledger.listRuns({ status: open, repository: repositorySlug(mirror.repository), limit: MANY });
  return !runs.some((run) => isSame(repositoryOfRun(run), mirror.repository));
}

/** The work of a run that ended well is in its pull request; that of any other may be here only. */
async function isPublished(ledger: DiskBudgetOptions['ledger'], ref: string): Promise<boolean> {
  const run = await ledger.getRun(runOfTree(ref.slice(REFS.length).split('/')[0] ?? '')).catch(() => undefined);
  return run?.status === 'completed' && run.outcome !== 'phase_done';
}

const isSame = (one: RepositoryRef, other: RepositoryRef): boolean =>
  one.forge === other.forge && repositorySlug(one) === repositorySlug(other);

/** What a person has opened borrows the mirror's objects. */
async function isOpened({ gitDir }: Mirror, home: string): Promise<boolean> {
  for (const name of await namesIn(join(home, 'opened'))) {
    const borrows = await readFile(join(home, 'opened', name, '.git', 'objects', 'info', 'alternates'), 'utf8').catch(() => '');
    if (borrows.split('\n').includes(join(gitDir, 'objects'))) return true;
  }
  return false;
}

/** What each takes on the disk; what is gone by now takes nothing. */
async function weighed(unweighed: readonly Unweighed[]): Promise<Kept[]> {
  const found: Kept[] = [];
  // One after another: reading many folders at once only makes the disk slower for the runs that work.
  for (const each of unweighed) found.push({ ...each, bytes: await bytesOf(each.path) });
  return found;
}

async function bytesOf(path: string): Promise<number> {
  const said = await du('du', ['-sk', '--', path], { maxBuffer: 1024 ** 2 }).catch(() => undefined);
  return (Number.parseInt(said?.stdout ?? '', 10) || 0) * 1024;
}

const namesIn = async (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
