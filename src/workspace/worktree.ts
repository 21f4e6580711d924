import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import type { WorkspaceKind } from '../contracts/constants.ts';
import { WORKSPACE_KINDS } from '../contracts/constants.ts';
import type { Mirror } from '../git/mirror.ts';
import { assertSha } from '../git/ref-names.ts';
import { whileLocked } from '../git/repository-lock.ts';
import { addClone, cloneState } from './clone.ts';
import { createWorktreePool } from './pool.ts';
import type { PooledTree, PoolSettings } from './pool.ts';
import { createRegistration, finishRegistration, linkTree, registrationState, removeRegistration } from './registration.ts';
import type { Place } from './registration.ts';
import { discard, removeTree } from './remove-tree.ts';
import { checkpointRef, registrationPath, treePath, treesFolder, worktreesLock } from './run-folders.ts';
import { mendIndexes, seatOf } from './seat.ts';
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
  /** As `remove`, but the tree is kept for the next run of its repository, or deleted, in the background. */
  release(input: { mirror: Mirror; runId: string }): Promise<void>;
  /** Waits for what goes on in the background. */
  settled(): Promise<void>;
  /** Deletes what a killed process has left half-made. Only while no other process uses the home. */
  sweep(mirrors: readonly Mirror[]): Promise<void>;
}

export interface Checkpoint {
  message: string;
  signal?: AbortSignal | undefined;
  /** Looks at git's hash of the content before it is committed. Where it says no, nothing is, and the content stays as it is. */
  accepts?: ((tree: string) => Promise<boolean>) | undefined;
}

/** The content of one run's workspace, whatever its kind. Belay keeps an index of its own, so what an agent stages, commits or flags does not disturb. */
export interface Worktree {
  readonly path: string;
  readonly runId: string;
  readonly kind: WorkspaceKind;
  readonly mirror: Mirror;
  /** Commits what changed to `refs/belay/<runId>/checkpoint` and brings HEAD there, detached. Unchanged: the old commit. Throws lease_lost. */
  checkpoint(input: Checkpoint): Promise<{ sha: string; tree: string; changed: boolean }>;
  /** Takes this commit for the checkpoint, and leaves content and HEAD as they are. */
  startFrom(sha: string): Promise<void>;
  /** Whether content and HEAD are exactly this commit's; ignored files do not count. One process, against three of `restore`. */
  isAt(sha: string, options?: { signal?: AbortSignal | undefined }): Promise<boolean>;
  /** Git's hash of the present content, ignored files left out. */
  treeHash(input?: { signal?: AbortSignal | undefined }): Promise<string>;
  /** Brings these files, and no others, to what they are in the commit; those that it does not have are removed. */
  putBack(input: { commit: string; paths: readonly string[] }): Promise<void>;
  /** Brings content, HEAD and the checkpoint to this commit; ignored files stay. `isClean`: there are no untracked files. */
  restore(sha: string, options?: { signal?: AbortSignal | undefined; isClean?: boolean }): Promise<void>;
  /** As `restore`, of a tree whose index was brought to this commit; false: a file is not as the index knows it. One look at each file. */
  adopt(sha: string, options?: { signal?: AbortSignal | undefined }): Promise<boolean>;
}

/** Without `pool`, released trees are removed. */
export function createWorktrees({ home, pool: settings }: { home: string; pool?: PoolSettings }): Worktrees {
  const pool = settings && createWorktreePool({ home, ...settings });
  // Handles of one run share their queue.
  const handles = new Map<string, Worktree>();
  // What their trees were made for: the next run of the repository often begins there too.
  const bases = new Map<string, string>();

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
      await mendIndexes(seatOf({ mirror, path, runId, kind }), commit, signal);
      return { path, state: 'kept', worktree };
    }
    if (found === 'sane' && (await succeeds(() => worktree.restore(commit, { signal }), signal)))
      return { path, state: 'restored', worktree };
    const building = { worktree, mirror, runId, path, commit, signal };
    const pooled = kind === 'worktree' ? await pool?.take({ mirror, commit }) : undefined;
    const reused = pooled !== undefined && (await succeeds(() => build({ ...building, pooled }), signal));
    pooled?.discard();
    if (!reused) await build(building);
    if (pool) bases.set(runId, commit);
    return { path, state: found === 'missing' ? 'new' : 'rebuilt', worktree };
  }

  async function remove({ mirror, runId }: { mirror: Mirror; runId: string }): Promise<void> {
    for (const kind of WORKSPACE_KINDS) handles.delete(keyOf(mirror, runId, kind));
    bases.delete(runId);
    const path = treePath({ home, runId });
    const trash = await whileLocked({ path: worktreesLock(mirror.gitDir) }, () => unregister({ mirror, runId, path }));
    if (trash !== undefined) await removeTree(trash);
  }

  async function release({ mirror, runId }: { mirror: Mirror; runId: string }): Promise<void> {
    const place = { mirror, runId, path: treePath({ home, runId }) };
    // A clone has a git directory of its own in it, which is not for others.
    if (!pool || !settings || (await lstat(cloneRegistration(place)).catch(() => undefined))) return remove(place);
    handles.delete(keyOf(mirror, runId, 'worktree'));
    const commit = bases.get(runId);
    bases.delete(runId);
    try {
      await whileLocked({ path: worktreesLock(mirror.gitDir) }, () => pool.give({ ...place, commit }));
    } catch (error) {
      settings.onProblem(error, 'A returned worktree could not be kept; it is removed');
      await remove(place);
    }
  }

  return { prepare, at, remove, release, settled: pool?.settled ?? nothing, sweep: pool?.sweep ?? nothing };
}

const keyOf = (mirror: Mirror, runId: string, kind: WorkspaceKind): string => [mirror.gitDir, runId, kind].join('\n');

const nothing = async (): Promise<void> => {};

/** What cannot be done, for whatever reason, is done from the beginning; what stands against that too is then reported. */
async function succeeds(work: () => Promise<void>, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

interface Building extends Place {
  worktree: Worktree;
  commit: string;
  pooled?: PooledTree;
  signal: AbortSignal | undefined;
}

/** A new workspace, or a worktree of the pool. */
async function build({ worktree, pooled, commit, signal, ...place }: Building): Promise<void> {
  const { mirror } = place;
  const isClone = worktree.kind === 'clone';
  const trash = await whileLocked({ path: worktreesLock(mirror.gitDir), signal }, async () => {
    const old = await unregister(place);
    if (isClone) await addClone(place);
    else await addWorktree({ ...place, commit, ...(pooled ? { pooled } : {}) });
    return old;
  });
  // The files come outside the lock.
  const isThere = pooled?.commit === commit && (await worktree.adopt(commit, { signal }));
  if (!isThere) await worktree.restore(commit, { signal, isClean: true });
  if (!isClone) await finishRegistration(place);
  if (trash !== undefined) await removeTree(trash);
}

async function addWorktree({ pooled, commit, ...place }: Place & { commit: string; pooled?: PooledTree }): Promise<void> {
  await createRegistration({ ...place, commit, index: pooled?.index });
  if (pooled) await rename(pooled.tree, place.path);
  else await mkdir(place.path);
  await linkTree(place);
}

const cloneRegistration = ({ mirror, runId }: Pick<Place, 'mirror' | 'runId'>): string =>
  registrationPath({ gitDir: mirror.gitDir, runId, kind: 'clone' });

/** By hand instead of `git worktree remove`, which refuses what is locked or damaged. */
async function unregister(place: Place): Promise<string | undefined> {
  const trash = await discard(place.path);
  await removeRegistration(place);
  await rm(cloneRegistration(place), { recursive: true, force: true });
  return trash;
}

/** `damaged`: something is there that is not wholly ours, or only in part. */
async function condition({ kind, ...place }: Place & { kind: WorkspaceKind }): Promise<'missing' | 'sane' | 'damaged'> {
  const { mirror, runId } = place;
  const state = kind === 'clone' ? await cloneState(place) : await registrationState(place);
  if (state !== 'whole') return state === 'missing' ? 'missing' : 'damaged';
  const checkpoint = await mirror.refSha(checkpointRef(runId));
  return checkpoint !== undefined && (await mirror.hasCommit(checkpoint)) ? 'sane' : 'damaged';
}
