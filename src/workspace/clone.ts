import { lstat, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hardenedGit } from '../git/hardened-git.ts';
import type { HardenedGit } from '../git/hardened-git.ts';
import type { Mirror } from '../git/mirror.ts';
import { EXCLUDED, replaceFile, restoreGitDirectory } from '../git/mirror-guard.ts';
import { INDEX_NAME } from './private-index.ts';
import { registrationPath } from './run-folders.ts';

/*
 * The other kind of workspace: a folder with a git directory of its own, so that no agent has a git directory in common with another
 * run. Its objects are the mirror's, by `alternates`, which git reads and never writes to; hard links would share the very files, and
 * who changes one in place changes it for all. Belay's own git does not use that git directory at all: it takes the mirror's, with an
 * index beside it, so that checkpoints land there at once.
 */

export interface ClonePlace {
  mirror: Mirror;
  runId: string;
  path: string;
}

const ALTERNATES = 'objects/info/alternates';
const FOLDERS = ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'info'] as const;
/** Those that are written into: a symbolic link in place of one would lead elsewhere. */
const REAL = ['', 'objects', 'objects/info', 'refs', 'info'] as const;

const CONFIG = `[core]
	repositoryformatversion = 0
	filemode = true
	bare = false
	autocrlf = false
[gc]
	auto = 0
[maintenance]
	auto = false
`;

/** Git as Belay uses it on a clone: nothing that an agent can reach inside the clone decides what it does. */
export function cloneGit({ mirror, path, indexFile }: { mirror: Mirror; path: string; indexFile: string }): HardenedGit {
  return hardenedGit({ cwd: path, gitDir: mirror.gitDir, workTree: path, indexFile, env: mirror.env });
}

/** Makes the folder, its git directory, and Belay's own note of it; the files come later. */
export async function addClone({ mirror, runId, path }: ClonePlace): Promise<void> {
  const registration = registrationPath({ gitDir: mirror.gitDir, runId, kind: 'clone' });
  await mkdir(registration, { recursive: true });
  // As git notes its linked worktrees; first, so that a half-made clone is found by it.
  await writeFile(join(registration, 'gitdir'), `${join(await realpath(dirname(path)), basename(path), '.git')}\n`);
  await mkdir(path);
  await mendClone({ mirror, path });
}

/** Puts the git directory of a clone back to what Belay wrote, branches and objects of the agent aside; makes one that is not sound anew. */
export async function mendClone({ mirror, path }: Pick<ClonePlace, 'mirror' | 'path'>): Promise<void> {
  const gitDir = join(path, '.git');
  const written = { config: CONFIG, 'info/exclude': EXCLUDED, [ALTERNATES]: alternatesOf(mirror) };
  if (!(await isSound(gitDir))) {
    await rm(gitDir, { recursive: true, force: true });
    for (const folder of FOLDERS) await mkdir(join(gitDir, folder), { recursive: true });
    await replaceFile(join(gitDir, 'packed-refs'), await remoteBranches(mirror));
  }
  await restoreGitDirectory({ gitDir, written });
}

/** Whether the folder is a clone of this mirror. */
export async function isCloneOf({ mirror, path }: Pick<ClonePlace, 'mirror' | 'path'>): Promise<boolean> {
  const gitDir = join(path, '.git');
  if (!(await isSound(gitDir))) return false;
  return (await readFile(join(gitDir, ALTERNATES), 'utf8').catch(() => undefined)) === alternatesOf(mirror);
}

/** As `registrationState` for linked worktrees; Belay's index is written at the end of the first checkout. */
export async function cloneState(place: ClonePlace): Promise<'missing' | 'whole' | 'half'> {
  const registration = registrationPath({ gitDir: place.mirror.gitDir, runId: place.runId, kind: 'clone' });
  const [tree, registered, index] = await Promise.all(
    [place.path, registration, join(registration, INDEX_NAME)].map((path) => lstat(path).catch(() => undefined)),
  );
  if (tree === undefined && registered === undefined) return 'missing';
  const isWhole = tree?.isDirectory() && registered?.isDirectory() && index !== undefined && (await isCloneOf(place));
  return isWhole ? 'whole' : 'half';
}

const alternatesOf = ({ gitDir }: Mirror): string => `${join(gitDir, 'objects')}\n`;

async function isSound(gitDir: string): Promise<boolean> {
  const found = await Promise.all(REAL.map((folder) => lstat(join(gitDir, folder)).catch(() => undefined)));
  return found.every((entry) => entry?.isDirectory());
}

/** What a linked worktree sees too: the branches of the remote, as they were when the clone was made. */
async function remoteBranches(mirror: Mirror): Promise<string> {
  const git = hardenedGit({ cwd: mirror.gitDir, gitDir: mirror.gitDir, env: mirror.env });
  const refs = await git.run(['for-each-ref', '--format=%(objectname) %(refname)', 'refs/remotes/']);
  return `# pack-refs with: sorted\n${refs}`;
}
