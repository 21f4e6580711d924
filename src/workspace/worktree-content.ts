import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { hardenedGit } from '../git/hardened-git.ts';
import type { HardenedGit } from '../git/hardened-git.ts';
import type { Mirror } from '../git/mirror.ts';
import { replaceFile } from '../git/mirror-guard.ts';
import { assertSha } from '../git/ref-names.ts';
import { INDEX_NAME, publishIndex, stageEverything, tidyRegistration } from './private-index.ts';
import { checkpointRef, registrationPath } from './run-folders.ts';
import type { Worktree } from './worktree.ts';

/** The git of one worktree, with everything pinned that its `.git` file would otherwise decide. */
export function openWorktree({ mirror, path, runId }: { mirror: Mirror; path: string; runId: string }): Worktree {
  const registration = registrationPath({ gitDir: mirror.gitDir, runId });
  const indexFile = join(registration, INDEX_NAME);
  const ref = checkpointRef(runId);
  const git = hardenedGit({ cwd: path, gitDir: registration, commonDir: mirror.gitDir, workTree: path, indexFile, env: mirror.env });
  const place = { git, mirror, registration };
  // Where we have brought the ref: a lease that somebody else has moved it under is over.
  let last: string | undefined;
  // One index: calls take turns.
  const turn = pLimit(1);

  async function stage(signal: AbortSignal | undefined): Promise<string> {
    await mirror.guard();
    // Without the index, files that are tracked although ignored would be taken for deleted.
    if (!(await exists(indexFile))) await git.run(['read-tree', `${ref}^{commit}`], { signal });
    await stageEverything({ git, path, registration, signal });
    return (await git.run(['write-tree'], { signal })).trim();
  }

  async function moveRef(sha: string, expected?: string): Promise<void> {
    await mirror.updateRef({ ref, sha, ...(expected === undefined ? {} : { expected }) });
    last = sha;
  }

  async function checkpoint({ message, signal }: { message: string; signal?: AbortSignal | undefined }) {
    if (last !== undefined && (await isAt(place, last, signal))) {
      await standOn(registration, last);
      return { sha: last, tree: await mirror.treeOf(last), changed: false };
    }
    const tree = await stage(signal);
    const before = last ?? (await mirror.refSha(ref)) ?? '';
    const changed = tree !== (await mirror.treeOf(before));
    const sha = changed ? await mirror.commitTree({ tree, parents: [before], message }) : before;
    if (changed) await moveRef(sha, before);
    await standOn(registration, sha);
    return { sha, tree, changed };
  }

  async function restore(sha: string, { signal, isClean = false }: NonNullable<Parameters<Worktree['restore']>[1]>): Promise<void> {
    await mirror.guard();
    await tidyRegistration(registration);
    await replaceFile(join(registration, 'HEAD'), `${assertSha(sha)}\n`);
    await git.run(['read-tree', '--reset', '-u', sha], { signal });
    if (!isClean) await git.run(['clean', '-ffdq'], { signal });
    if (last !== sha) await moveRef(sha);
    await standOn(registration, sha);
  }

  return {
    path,
    runId,
    mirror,
    checkpoint: (input) => turn(() => checkpoint(input)),
    isAt: (sha, { signal } = {}) => turn(() => isAt(place, sha, signal)),
    treeHash: ({ signal } = {}) => turn(() => stage(signal)),
    restore: (sha, options = {}) => turn(() => restore(sha, options)),
  };
}

async function standOn(registration: string, sha: string): Promise<void> {
  // By hand: update-ref wants a HEAD that is sound, and an agent may have left anything there.
  await replaceFile(join(registration, 'HEAD'), `${sha}\n`);
  await tidyRegistration(registration);
  await publishIndex(registration);
}

interface Place {
  git: HardenedGit;
  mirror: Mirror;
  registration: string;
}

async function isAt({ git, mirror, registration }: Place, sha: string, signal: AbortSignal | undefined): Promise<boolean> {
  await mirror.guard();
  if (!(await exists(join(registration, INDEX_NAME))) || (await headOf(registration)) !== `${sha}\n`) return false;
  const { exitCode, stdout } = await git.attempt(STATUS, { signal, maxBytes: 1, env: REFRESHING });
  return exitCode === 0 && stdout === '';
}

/** Names the first thing that differs from HEAD. Of a repository inside only the commit counts: looking into it would run what it names. */
const STATUS = ['status', '--porcelain', '--untracked-files=normal', '--ignore-submodules=dirty', '--no-renames'];

/** What it finds out about files is kept in the index: else those that were checked out within a second are read every time. */
const REFRESHING = { GIT_OPTIONAL_LOCKS: '1' };

/** Undefined where an agent has left anything but a file. */
const headOf = async (registration: string): Promise<string | undefined> =>
  readFile(join(registration, 'HEAD'), 'utf8').catch(() => undefined);

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
