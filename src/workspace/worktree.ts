import { lstat, mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkspaceKind } from '../contracts/constants.ts';
import { WORKSPACE_KINDS } from '../contracts/constants.ts';
import { hardenedGit } from '../git/hardened-git.ts';
import type { Mirror } from '../git/mirror.ts';
import { assertSha } from '../git/ref-names.ts';
import { whileLocked } from '../git/repository-lock.ts';
import { addClone, isCloneOf } from './clone.ts';
import { INDEX_NAME, tidyRegistration } from './private-index.ts';
import { discard, removeTree } from './remove-tree.ts';
import { checkpointRef, registrationPath, treePath, treesFolder, worktreesLock } from './run-folders.ts';
import { openWorktree } from './worktree-content.ts';

export { checkpointRef };

/** `new`: there was none. `kept`: as it was. `restored`: brought to the commit. `rebuilt`: it was damaged, and made anew. */
export type WorktreeState = 'new' | 'kept' | 'restored' | 'rebuilt';

export interface PrepareWorktree {
  mirror: Mirror;
  runId: string;
  commit: string;
  /** A worktree unless said. */
  kind?: WorkspaceKind;
  /** Leave a sane worktree as it is, uncommitted work and all. */
  keep?: boolean;
  signal?: AbortSignal | undefined;
}

export interface PreparedWorktree {
  path: string;
  state: WorktreeState;
  worktree: Worktree;
}

export interface Worktrees {
  /**
   * The worktree (or clone) `<home>/trees/<runId>` on this commit. An existing sane one is kept as it is (`keep`), or brought to the commit with
   * its ignored files; a damaged one is rebuilt. Safe for many runs and processes at once, as long as one holds each run.
   */
  prepare(input: PrepareWorktree): Promise<PreparedWorktree>;
  /** The worktree of a run that `prepare` made. */
  at(input: { mirror: Mirror; runId: string; kind?: WorkspaceKind }): Worktree;
  /** Removes tree and registration; the run's refs stay. Repeating it is fine. */
  remove(input: { mirror: Mirror; runId: string }): Promise<void>;
}

/** The content of one run's workspace, whatever its kind. Belay keeps an index of its own, so what an agent stages, commits or flags does not disturb. */
export interface Worktree {
  readonly path: string;
  readonly runId: string;
  readonly kind: WorkspaceKind;
  readonly mirror: Mirror;
  /** Commits what changed to `refs/belay/<runId>/checkpoint` and brings HEAD there, detached. Unchanged: the old commit. Throws lease_lost. */
  checkpoint(input: { message: string; signal?: AbortSignal | undefined }): Promise<{ sha: string; tree: string; changed: boolean }>;
  /** Git's hash of the present content, ignored files left out. */
  treeHash(input?: { signal?: AbortSignal | undefined }): Promise<string>;
  /** Brings content, HEAD and the checkpoint to this commit; ignored files stay. */
  restore(sha: string, options?: { signal?: AbortSignal | undefined }): Promise<void>;
}

export function createWorktrees({ home }: { home: string }): Worktrees {
  // Handles of one run share their queue.
  const handles = new Map<string, Worktree>();

  const keyOf = (mirror: Mirror, runId: string, kind: WorkspaceKind): string => [mirror.gitDir, runId, kind].join('\n');

  function at({ mirror, runId, kind = 'worktree' }: { mirror: Mirror; runId: string; kind?: WorkspaceKind }): Worktree {
    const key = keyOf(mirror, runId, kind);
    const worktree = handles.get(key) ?? openWorktree({ mirror, runId, kind, path: treePath({ home, runId }) });
    handles.set(key, worktree);
    return worktree;
  }

  async function prepare({ mirror, runId, commit, kind = 'worktree', keep = false, signal }: PrepareWorktree): Promise<PreparedWorktree> {
    assertSha(commit);
    const worktree = at({ mirror, runId, kind });
    const { path } = worktree;
    await mkdir(treesFolder(home), { recursive: true, mode: 0o700 });
    const found = await condition({ mirror, runId, kind, path });
    if (found === 'sane' && keep) {
      await tidyRegistration(registrationPath({ gitDir: mirror.gitDir, runId, kind }));
      return { path, state: 'kept', worktree };
    }
    if (found === 'sane' && (await restored({ worktree, commit, signal }))) return { path, state: 'restored', worktree };
    await build({ mirror, runId, kind, path, commit, signal });
    await worktree.restore(commit, { signal });
    return { path, state: found === 'missing' ? 'new' : 'rebuilt', worktree };
  }

  async function remove({ mirror, runId }: { mirror: Mirror; runId: string }): Promise<void> {
    for (const kind of WORKSPACE_KINDS) handles.delete(keyOf(mirror, runId, kind));
    const path = treePath({ home, runId });
    const trash = await whileLocked({ path: worktreesLock(mirror.gitDir) }, () => unregister({ mirror, runId, path }));
    if (trash !== undefined) await removeTree(trash);
  }

  return { prepare, at, remove };
}

/** A worktree that cannot be brought to the commit, for whatever reason, is rebuilt; what stands against that is then reported. */
async function restored({
  worktree,
  commit,
  signal,
}: {
  worktree: Worktree;
  commit: string;
  signal: AbortSignal | undefined;
}): Promise<boolean> {
  try {
    await worktree.restore(commit, { signal });
    return true;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

interface Place {
  mirror: Mirror;
  runId: string;
  path: string;
}

type KindOfPlace = Place & { kind: WorkspaceKind };

async function build({ kind, commit, signal, ...place }: KindOfPlace & { commit: string; signal: AbortSignal | undefined }): Promise<void> {
  const { mirror, path } = place;
  await mirror.guard();
  const git = hardenedGit({ cwd: mirror.gitDir, gitDir: mirror.gitDir, env: mirror.env });
  const trash = await whileLocked({ path: worktreesLock(mirror.gitDir), signal }, async () => {
    const old = await unregister(place);
    // The files come later, outside the lock.
    if (kind === 'clone') await addClone(place);
    else await git.run(['worktree', 'add', '--quiet', '--no-checkout', '--detach', '--', path, commit], { signal });
    return old;
  });
  if (trash !== undefined) await removeTree(trash);
}

/** By hand instead of `git worktree remove`, which refuses what is locked or damaged. */
async function unregister({ mirror, runId, path }: Place): Promise<string | undefined> {
  const trash = await discard(path);
  for (const kind of WORKSPACE_KINDS) await rm(registrationPath({ gitDir: mirror.gitDir, runId, kind }), { recursive: true, force: true });
  return trash;
}

/** `damaged`: something is there that is not wholly ours, or only in part. */
async function condition({ kind, ...place }: KindOfPlace): Promise<'missing' | 'sane' | 'damaged'> {
  const { mirror, runId, path } = place;
  const registration = registrationPath({ gitDir: mirror.gitDir, runId, kind });
  const [tree, registered] = await Promise.all([lstat(path).catch(() => undefined), lstat(registration).catch(() => undefined)]);
  if (tree === undefined && registered === undefined) return 'missing';
  if (!tree?.isDirectory() || !registered?.isDirectory()) return 'damaged';
  const isWhole = kind === 'clone' ? await isCloneOf(place) : await isLinked({ registration, path });
  if (!isWhole || (await isUnfinished(registration))) return 'damaged';
  const checkpoint = await mirror.refSha(checkpointRef(runId));
  return checkpoint !== undefined && (await mirror.hasCommit(checkpoint)) ? 'sane' : 'damaged';
}

/** Tree and registration name each other. */
async function isLinked({ registration, path }: { registration: string; path: string }): Promise<boolean> {
  const [toRegistration, toTree, toMirror] = await Promise.all([
    textOf(join(path, '.git')),
    textOf(join(registration, 'gitdir')),
    textOf(join(registration, 'commondir')),
  ]);
  // Git writes real paths; the home may be named through a link.
  const [realRegistration, realTree] = await Promise.all([realpath(registration), realpath(path)]);
  return toRegistration === `gitdir: ${realRegistration}\n` && toTree === `${join(realTree, '.git')}\n` && toMirror === '../..\n';
}

/** Our index is written at the end of the first checkout; git's mark of a half-made worktree is the lock. */
async function isUnfinished(registration: string): Promise<boolean> {
  const [index, locked] = await Promise.all([INDEX_NAME, 'locked'].map((name) => lstat(join(registration, name)).catch(() => undefined)));
  return index === undefined || locked !== undefined;
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
