import { join } from 'node:path';
import pLimit from 'p-limit';
import type { HardenedGit } from '../git/hardened-git.ts';
import { replaceFile } from '../git/mirror-guard.ts';
import { assertSha } from '../git/ref-names.ts';
import { exists, isAsIndexed, isAtCommit } from './at-commit.ts';
import { stageEverything, tidyRegistration } from './private-index.ts';
import { putFilesBack } from './put-back.ts';
import { checkpointRef } from './run-folders.ts';
import { seatOf, standOn } from './seat.ts';
import type { Seat, WorkspacePlace } from './seat.ts';
import { keepUntouched } from './untouched.ts';
import type { Checkpoint, Worktree } from './worktree.ts';

/** The git of one workspace, with everything pinned that its own `.git` would otherwise decide. */
export function openWorktree({ kind = 'worktree', ...place }: Omit<WorkspacePlace, 'kind'> & Partial<WorkspacePlace>): Worktree {
  const { mirror, path, runId } = place;
  const seat = seatOf({ ...place, kind });
  const { git } = seat;
  const ref = checkpointRef(runId);
  // Where we have brought the ref: a lease that somebody else has moved it under is over.
  let last: string | undefined;
  // One index: calls take turns.
  const turn = pLimit(1);

  const stage = (signal: AbortSignal | undefined): Promise<string> => stageFiles({ seat, path, ref, last, signal });

  async function moveRef(sha: string, expected?: string): Promise<void> {
    await mirror.updateRef({ ref, sha, ...(expected === undefined ? {} : { expected }) });
    last = sha;
  }

  async function checkpoint({ message, signal, accepts }: Checkpoint) {
    if (last !== undefined && (await isAtCommit(seat, { sha: last, signal }))) {
      await standOn(seat, last);
      return { sha: last, tree: await mirror.treeOf(last), changed: false };
    }
    const tree = await stage(signal);
    const before = last ?? (await mirror.refSha(ref)) ?? '';
    const changed = tree !== (await mirror.treeOf(before)) && ((await accepts?.(tree)) ?? true);
    const sha = changed ? await mirror.commitTree({ tree, parents: [before], message }) : before;
    if (changed) await moveRef(sha, before);
    await standOn(seat, sha);
    return { sha, tree, changed };
  }

  async function restore(sha: string, { signal, isClean = false }: NonNullable<Parameters<Worktree['restore']>[1]>): Promise<void> {
    await bringFiles(seat, { sha, isClean, signal });
    if (last !== sha) await moveRef(sha);
    await standOn(seat, sha);
  }

  async function adopt(sha: string, signal: AbortSignal | undefined): Promise<boolean> {
    await mirror.guard();
    // Nobody takes the tree for the run's before its registration is finished: its ref need not wait for the answer.
    const done = await Promise.allSettled([isAsIndexed(seat, signal), moveRef(sha), standOn(seat, sha)]);
    for (const each of done) if (each.status === 'rejected') throw each.reason;
    return done[0].status === 'fulfilled' && done[0].value;
  }

  return {
    path,
    runId,
    kind,
    mirror,
    checkpoint: (input) => turn(() => checkpoint(input)),
    startFrom: (sha) => turn(() => moveRef(sha)),
    isAt: (sha, { signal } = {}) => turn(() => isAtCommit(seat, { sha, signal })),
    treeHash: ({ signal } = {}) => turn(() => stage(signal)),
    putBack: (input) => turn(() => putFilesBack({ mirror, git, path, ...input })),
    adopt: (sha, { signal } = {}) => turn(() => adopt(sha, signal)),
    restore: (sha, options = {}) => turn(() => restore(sha, options)),
  };
}

/** What is written must be what the commit has; untracked files go too, unless it is known that there are none. */
async function bringFiles(
  { mirror, registration, git, gitDir, mend }: Seat,
  { sha, isClean, signal }: { sha: string; isClean: boolean; signal: AbortSignal | undefined },
): Promise<void> {
  await mirror.guard();
  await tidyRegistration(registration);
  await mend();
  await replaceFile(join(gitDir, 'HEAD'), `${assertSha(sha)}\n`);
  await git.run(['read-tree', '--reset', '-u', sha], { signal });
  if (!isClean) await git.run(['clean', '-ffdq'], { signal });
}

interface Stage {
  seat: Seat;
  path: string;
  ref: string;
  /** The checkpoint, where it is known. */
  last: string | undefined;
  signal: AbortSignal | undefined;
}

/** Brings Belay's index to the present content; the tree of that. */
async function stageFiles({ seat, path, ref, last, signal }: Stage): Promise<string> {
  const { mirror, git, registration, indexFile } = seat;
  await mirror.guard();
  // Without the index, files that are tracked although ignored would be taken for deleted.
  if (!(await exists(indexFile))) await git.run(['read-tree', `${ref}^{commit}`], { signal });
  await stageEverything({ git, path, registration, signal });
  const tree = await writeTree(git, signal);
  if (last !== undefined && tree === (await mirror.treeOf(last))) return tree;
  return (await keepUntouched({ git, path, commit: ref, tree, signal })) ? writeTree(git, signal) : tree;
}

const writeTree = async (git: HardenedGit, signal: AbortSignal | undefined): Promise<string> =>
  (await git.run(['write-tree'], { signal })).trim();
