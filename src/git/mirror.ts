import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FORGES } from '../contracts/repository.ts';
import type { ForgeName } from '../contracts/repository.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { GitAccess } from './access.ts';
import { certificates } from './certificates.ts';
import { createFetcher } from './fetch.ts';
import type { FetchBranch, FetchCommit, FetchRef } from './fetch.ts';
import { fileTrees } from './file-tree.ts';
import type { FileTree } from './file-tree.ts';
import type { GitEnvironment } from './git-environment.ts';
import { hardenedGit } from './hardened-git.ts';
import { mirrorGit, mirrorRefs } from './mirror-git.ts';
import { restoreMirror } from './mirror-guard.ts';
import { push } from './push.ts';
import type { Push } from './push.ts';
import { pushRefs } from './push-refs.ts';
import type { PushRefs } from './push-refs.ts';
import { remoteGit } from './remote-git.ts';
import type { RemoteOptions } from './remote-git.ts';
import { remoteHead, remoteHeads, remoteRefs } from './remote-head.ts';
import type { RemoteHead } from './remote-head.ts';
import { collectGarbage, tidyMirror } from './tidy.ts';
import { treeReader } from './tree-reader.ts';
import type { ChangedBlob, CommitTree } from './tree-reader.ts';

/** Belay's own bare repository of one repository of a forge. Every git command in it is hardened. */
export interface Mirror {
  readonly repository: RepositoryRef;
  readonly gitDir: string;
  /** The ambient environment that git is given. */
  readonly env: GitEnvironment;
  /** Compares configuration and hooks with what Belay wrote, and restores them. Every method here does so first. */
  guard(): Promise<void>;
  /** Packs what ended runs have left, where it is much. */
  tidy(): Promise<void>;
  /** Deletes what no ref and no worktree leads to any more, once it is two weeks old. Takes seconds in a big repository. */
  collect(): Promise<void>;
  /** Where branches of the remote are now, by their names; those that it does not have are not in the answer. Fetches nothing. */
  remoteHeads(input: GitAccess & { branches: readonly string[]; signal?: AbortSignal | undefined }): Promise<Map<string, string>>;
  /**
   * The commit of a remote branch (unless named, the default one), fetched now or at most `maxAgeMs` ago.
   * Throws base_not_found, empty_repository, repository_not_found, forge_not_logged_in, forge_forbidden, forge_unreachable.
   */
  fetchBranch(input: FetchBranch): Promise<string>;
  /** The remote's default branch; undefined where nothing has been committed. Throws what `fetchBranch` throws. */
  remoteHead(input: GitAccess & { signal?: AbortSignal }): Promise<RemoteHead | undefined>;
  /** Makes sure that the commit is here. Throws base_not_found. */
  fetchCommit(input: FetchCommit): Promise<void>;
  /** Where these refs (full names) of the remote are now; those that it does not have are not in the answer. */
  remoteRefs(input: GitAccess & { refs: readonly string[]; signal?: AbortSignal | undefined }): Promise<Map<string, string>>;
  /** Fetches what a ref leads to. Throws what `fetchBranch` throws. */
  fetchRef(input: FetchRef): Promise<void>;
  /** Undefined where there is no such file; a symbolic link or folder counts as none. */
  readFile(input: { commit: string; path: string }): Promise<string | undefined>;
  /** Is there anything by this name, a link or folder too? */
  hasPath(input: { commit: string; path: string }): Promise<boolean>;
  /** Paths of the tree's files; with `depth`, entries down to that level, folders ending in a slash. */
  listFiles(input: { commit: string; depth?: number }): Promise<string[]>;
  /** Files and links of the tree with git's hash of their content. */
  listBlobs(commit: string): Promise<{ path: string; sha: string }[]>;
  hasCommit(sha: string): Promise<boolean>;
  refSha(ref: string): Promise<string | undefined>;
  /** With `expected` by compare-and-swap (null: must not exist yet). Throws lease_lost when somebody else moved it. */
  updateRef(input: { ref: string; sha: string; expected?: string | null }): Promise<void>;
  deleteRef(ref: string): Promise<void>;
  /** Names of the refs below a folder of them, such as `refs/belay/`. */
  listRefs(folder: string): Promise<string[]>;
  treeOf(commit: string): Promise<string>;
  parentsOf(commit: string): Promise<string[]>;
  /** How many commits lie after `ancestor` up to `commit`; undefined where it is none of its ancestors, or not here. */
  commitsSince(input: { ancestor: string; commit: string }): Promise<number | undefined>;
  commitTree(input: CommitTree): Promise<string>;
  /** The tree of files that no workspace holds. */
  treeOfFiles(input: FileTree): Promise<string>;
  /** Unified, renames found, no external programs; cut at `maxBytes`. */
  diff(input: { from: string; to: string; maxBytes: number }): Promise<{ text: string; truncated: boolean }>;
  /** Such as `3 files changed, 12 insertions(+), 2 deletions(-)`; empty when nothing changed. */
  diffStat(input: { from: string; to: string }): Promise<string>;
  changedFiles(input: { from: string; to: string }): Promise<string[]>;
  /** Files and links that are new, others or gone. */
  changedBlobs(input: { from: string; to: string }): Promise<ChangedBlob[]>;
  /** What a file holds, by git's hash of it; cut at `maxBytes`. */
  readBlob(input: { sha: string; maxBytes: number }): Promise<string>;
  /**
   * Moves a branch of the remote from `expected` (null: must not exist) to `sha`. A local checkout's hooks and gc do not run.
   * Throws branch_moved, branch_checked_out, push_rejected, and for servers what `fetchBranch` throws.
   */
  push(input: Push): Promise<'pushed' | 'already_there'>;
  /** Moves refs of Belay's own at the remote, all of them or none. Throws lease_lost, push_rejected, and what any push throws. */
  pushRefs(input: PushRefs): Promise<void>;
}

export interface Mirrors {
  /** The mirror of this repository, made on first use under `<home>/mirrors/<forge>/<owner>/<name>.git`. */
  open(repository: RepositoryRef): Promise<Mirror>;
  /** Every mirror that there is in this home. */
  list(): Promise<Mirror[]>;
}

export interface MirrorsOptions extends Pick<RemoteOptions, 'idleSeconds'> {
  home: string;
  /** The ambient environment: what git, ssh and proxies need is taken from it, nothing else. */
  env?: GitEnvironment;
}

export function createMirrors({ home, env = {}, ...options }: MirrorsOptions): Mirrors {
  const root = join(resolve(home), 'mirrors');
  const remote: RemoteOptions = { config: certificates({ folder: resolve(home), env }), ...options };
  const opened = new Map<string, Promise<Mirror>>();

  async function open(repository: RepositoryRef): Promise<Mirror> {
    const gitDir = join(root, ...[repository.forge, repository.owner, `${repository.name}.git`].map(assertFolderName));
    const mirror = opened.get(gitDir) ?? prepareMirror({ repository, gitDir, env, remote });
    opened.set(gitDir, mirror);
    // A failure is not remembered, and a mirror that somebody removed is made again.
    mirror.catch(() => opened.delete(gitDir));
    const ready = await mirror;
    if (!(await isThere(gitDir))) await createBare({ gitDir, env });
    return ready;
  }

  async function list(): Promise<Mirror[]> {
    const found = await repositoriesIn(root);
    return Promise.all(found.map(open));
  }

  return { open, list };
}

async function prepareMirror({
  repository,
  gitDir,
  env,
  remote: options,
}: {
  repository: RepositoryRef;
  gitDir: string;
  env: GitEnvironment;
  remote: RemoteOptions;
}): Promise<Mirror> {
  if (!(await isThere(gitDir))) await createBare({ gitDir, env });
  const git = mirrorGit({ gitDir, env });
  const remote = remoteGit(git, options);
  return {
    repository,
    gitDir,
    env,
    guard: () => restoreMirror(gitDir),
    tidy: () => tidyMirror(git),
    collect: () => collectGarbage(git),
    hasCommit: git.hasCommit,
    push: (request) => push(remote, request),
    pushRefs: (request) => pushRefs(remote, request),
    remoteRefs: (request) => remoteRefs(remote, request),
    remoteHead: (access) => remoteHead(remote, access),
    remoteHeads: (request) => remoteHeads(remote, request),
    ...createFetcher(remote),
    ...mirrorRefs(git),
    ...treeReader(git),
    ...fileTrees(git),
  };
}

/** Made beside its place and moved there, so that nobody ever sees half a mirror. */
async function createBare({ gitDir, env }: { gitDir: string; env: GitEnvironment }): Promise<void> {
  const temporary = `${gitDir}.${randomUUID()}.new`;
  await mkdir(dirname(gitDir), { recursive: true });
  await hardenedGit({ cwd: dirname(gitDir), env }).run([
    'init',
    '--quiet',
    '--bare',
    '--template=',
    '--object-format=sha1',
    '--',
    temporary,
  ]);
  await restoreMirror(temporary);
  await rename(temporary, gitDir).catch(async (error: unknown) => {
    await rm(temporary, { recursive: true, force: true });
    // Another process was first, which is as good.
    if (await isThere(gitDir)) return;
    throw new BelayError({
      code: 'git_failed',
      message: `The mirror ${gitDir} is damaged`,
      hint: 'Remove that folder; it is made again.',
      cause: error,
    });
  });
}

async function isThere(gitDir: string): Promise<boolean> {
  return (await stat(join(gitDir, 'objects')).catch(() => undefined))?.isDirectory() ?? false;
}

/** Level by level: the mirrors themselves hold many folders. */
async function repositoriesIn(root: string): Promise<RepositoryRef[]> {
  const found = FORGES.map(async (forge) => {
    const owners = await readdir(join(root, forge)).catch(() => []);
    return Promise.all(owners.map((owner) => repositoriesOf({ root, forge, owner })));
  });
  return (await Promise.all(found)).flat(2);
}

async function repositoriesOf({ root, forge, owner }: { root: string; forge: ForgeName; owner: string }): Promise<RepositoryRef[]> {
  const files = await readdir(join(root, forge, owner)).catch(() => []);
  const mirrors = files.filter((file) => file.endsWith('.git'));
  return mirrors.map((file) => ({ forge, owner, name: file.slice(0, -'.git'.length) }));
}

function assertFolderName(name: string): string {
  if (/^[\w.-]+$/.test(name) && !/^\.+$|^-/.test(name)) return name;
  throw new BelayError({
    code: 'invalid_input',
    message: `${JSON.stringify(name)} cannot be part of a repository's name`,
    hint: 'Use letters, digits, dots and dashes.',
  });
}
