import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { WorkspaceKind } from '../contracts/constants.ts';
import { hardenedGit } from '../git/hardened-git.ts';
import type { HardenedGit } from '../git/hardened-git.ts';
import type { Mirror } from '../git/mirror.ts';
import { replaceFile } from '../git/mirror-guard.ts';
import { assertSha } from '../git/ref-names.ts';
import { cloneGit, mendClone } from './clone.ts';
import { INDEX_NAME, publishIndex, stageEverything, tidyRegistration } from './private-index.ts';
import { putFilesBack } from './put-back.ts';
import { checkpointRef, registrationPath } from './run-folders.ts';
import { keepUntouched } from './untouched.ts';
import type { Worktree } from './worktree.ts';

interface OpenWorktree {
  mirror: Mirror;
  path: string;
  runId: string;
  kind?: WorkspaceKind;
}

/** The git of one workspace, with everything pinned that its own `.git` would otherwise decide. */
export function openWorktree({ mirror, path, runId, kind = 'worktree' }: OpenWorktree): Worktree {
  const seat = seatOf({ mirror, path, runId, kind });
  const { registration, indexFile, git, gitDir, mend } = seat;
  const ref = checkpointRef(runId);
  // One index: calls take turns.
  const turn = pLimit(1);

  /** The tree of the checkpoint, where it is known. */
  let standsOn: string | undefined;
  const writeTree = async (signal: AbortSignal | undefined): Promise<string> => (await git.run(['write-tree'], { signal })).trim();

  async function stage(signal: AbortSignal | undefined): Promise<string> {
    await mirror.guard();
    // Without the index, files that are tracked although ignored would be taken for deleted.
    if (!(await exists(indexFile))) await git.run(['read-tree', `${ref}^{commit}`], { signal });
    await stageEverything({ git, path, registration, signal });
    const tree = await writeTree(signal);
    if (tree === standsOn || !(await keepUntouched({ git, path, commit: ref, signal }))) return tree;
    return writeTree(signal);
  }

  async function checkpoint({ message, signal }: { message: string; signal?: AbortSignal | undefined }) {
    const tree = await stage(signal);
    const [before = '', treeBefore] = (await git.run(['rev-parse', `${ref}^{commit}`, `${ref}^{tree}`])).trim().split('\n');
    const changed = tree !== treeBefore;
    const sha = changed ? await mirror.commitTree({ tree, parents: [before], message }) : before;
    if (changed) await mirror.updateRef({ ref, sha, expected: before });
    await standOn(seat, sha);
    standsOn = tree;
    return { sha, tree, changed };
  }

  async function restore(sha: string, { signal, isClean = false }: NonNullable<Parameters<Worktree['restore']>[1]>): Promise<void> {
    standsOn = undefined;
    await mirror.guard();
    await tidyRegistration(registration);
    await mend();
    await replaceFile(join(gitDir, 'HEAD'), `${assertSha(sha)}\n`);
    await git.run(['read-tree', '--reset', '-u', sha], { signal });
    if (!isClean) await git.run(['clean', '-ffdq'], { signal });
    await mirror.updateRef({ ref, sha });
    await standOn(seat, sha);
  }

  return {
    path,
    runId,
    kind,
    mirror,
    checkpoint: (input) => turn(() => checkpoint(input)),
    treeHash: ({ signal } = {}) => turn(() => stage(signal)),
    putBack: (input) => turn(() => putFilesBack({ mirror, git, path, ...input })),
    restore: (sha, options = {}) => turn(() => restore(sha, options)),
  };
}

/** Where the git of a workspace has what, by its kind. */
interface Seat {
  registration: string;
  indexFile: string;
  git: HardenedGit;
  /** Whose HEAD and index agents see. */
  gitDir: string;
  /** Makes that one fit to be written into; a mirror is guarded anyway. */
  mend(): Promise<void>;
}

function seatOf({ mirror, path, runId, kind }: Required<OpenWorktree>): Seat {
  const registration = registrationPath({ gitDir: mirror.gitDir, runId, kind });
  const indexFile = join(registration, INDEX_NAME);
  if (kind === 'clone') {
    const git = cloneGit({ mirror, path, indexFile });
    return { registration, indexFile, git, gitDir: join(path, '.git'), mend: () => mendClone({ mirror, path }) };
  }
  const git = hardenedGit({ cwd: path, gitDir: registration, commonDir: mirror.gitDir, workTree: path, indexFile, env: mirror.env });
  return { registration, indexFile, git, gitDir: registration, mend: async () => {} };
}

/** Agents find HEAD on the commit, detached, and a clean status. */
async function standOn({ registration, gitDir, mend }: Seat, sha: string): Promise<void> {
  await mend();
  // By hand: update-ref wants a HEAD that is sound, and an agent may have left anything there.
  await replaceFile(join(gitDir, 'HEAD'), `${sha}\n`);
  await tidyRegistration(gitDir);
  await publishIndex({ registration, gitDir });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
