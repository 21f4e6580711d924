import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { HardenedGit } from '../git/hardened-git.ts';
import type { Seat } from './seat.ts';

interface Question {
  git: HardenedGit;
  sha: string;
  signal: AbortSignal | undefined;
}

/**
 * Whether content and HEAD of a workspace are exactly this commit's; ignored files do not count. Never wrongly yes; no where it cannot
 * be said cheaply, as of files whose line ends are not those that they ask for.
 */
export async function isAtCommit({ kind, mirror, git, gitDir, indexFile }: Seat, { sha, signal }: Omit<Question, 'git'>): Promise<boolean> {
  await mirror.guard();
  if (!(await exists(indexFile)) || (await headOf(gitDir)) !== `${sha}\n`) return false;
  return kind === 'clone' ? isIndexAndFiles({ git, sha, signal }) : isStatusClean({ git, sha, signal });
}

/** Whether files are as the index knows them: by size, times and inode, in several threads. Untracked ones do not count. */
export async function isAsIndexed({ git }: Seat, signal: AbortSignal | undefined): Promise<boolean> {
  return (await git.attempt(['diff-files', '--quiet', '--ignore-submodules=all', '--no-ext-diff'], { signal })).exitCode === 0;
}

/** One process; it compares with HEAD, which is the worktree's own. */
async function isStatusClean({ git, signal }: Question): Promise<boolean> {
  const { exitCode, stdout } = await git.attempt(STATUS, { signal, maxBytes: 1, env: REFRESHING });
  return exitCode === 0 && stdout === '';
}

/** Of a repository inside only the commit counts: looking into it would run what it names. */
const STATUS = ['status', '--porcelain', '--untracked-files=normal', '--ignore-submodules=dirty', '--no-renames'];

/** What it finds out about files is kept in the index: else those that were checked out within a second are read every time. */
const REFRESHING = { GIT_OPTIONAL_LOCKS: '1' };

/** Belay's git of a clone is the mirror's, whose HEAD is another: the commit is named. */
async function isIndexAndFiles({ git, sha, signal }: Question): Promise<boolean> {
  const [index, files] = await Promise.all([
    git.attempt(['diff-index', '--cached', '--quiet', '--no-ext-diff', sha, '--'], { signal }),
    git.attempt(['ls-files', '--modified', '--others', '--directory', '--exclude-standard'], { signal, maxBytes: 1 }),
  ]);
  return index.exitCode === 0 && files.exitCode === 0 && files.stdout === '';
}

/** Undefined where an agent has left anything but a file. */
const headOf = async (gitDir: string): Promise<string | undefined> => readFile(join(gitDir, 'HEAD'), 'utf8').catch(() => undefined);

/** Without its index a workspace stands nowhere. */
export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
