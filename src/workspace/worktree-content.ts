import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { WorkspaceKind } from '../contracts/constants.ts';
import { hardenedGit } from '../git/hardened-git.ts';
import type { Mirror } from '../git/mirror.ts';
import { replaceFile } from '../git/mirror-guard.ts';
import { assertSha } from '../git/ref-names.ts';
import { cloneGit, mendClone } from './clone.ts';
import { INDEX_NAME, publishIndex, stageEverything, tidyRegistration } from './private-index.ts';
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
  const registration = registrationPath({ gitDir: mirror.gitDir, runId, kind });
  const indexFile = join(registration, INDEX_NAME);
  const ref = checkpointRef(runId);
  const isClone = kind === 'clone';
  const git = isClone ? cloneGit({ mirror, path, indexFile }) : linkedGit({ mirror, path, registration, indexFile });
  /** Whose HEAD and index agents see. */
  const gitDir = isClone ? join(path, '.git') : registration;
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

  async function standOn(sha: string): Promise<void> {
    if (isClone) await mendClone({ mirror, path });
    // By hand: update-ref wants a HEAD that is sound, and an agent may have left anything there.
    await replaceFile(join(gitDir, 'HEAD'), `${sha}\n`);
    await tidyRegistration(gitDir);
    await publishIndex({ registration, gitDir });
  }

  async function checkpoint({ message, signal }: { message: string; signal?: AbortSignal | undefined }) {
    const tree = await stage(signal);
    const [before = '', treeBefore] = (await git.run(['rev-parse', `${ref}^{commit}`, `${ref}^{tree}`])).trim().split('\n');
    const changed = tree !== treeBefore;
    const sha = changed ? await mirror.commitTree({ tree, parents: [before], message }) : before;
    if (changed) await mirror.updateRef({ ref, sha, expected: before });
    await standOn(sha);
    standsOn = tree;
    return { sha, tree, changed };
  }

  async function restore(sha: string, signal: AbortSignal | undefined): Promise<void> {
    standsOn = undefined;
    await mirror.guard();
    await tidyRegistration(registration);
    const isNew = !(await exists(indexFile));
    if (!isClone) await replaceFile(join(gitDir, 'HEAD'), `${assertSha(sha)}\n`);
    await git.run(['read-tree', '--reset', '-u', assertSha(sha)], { signal });
    if (!isNew) await git.run(['clean', '-ffdq'], { signal });
    await mirror.updateRef({ ref, sha });
    await standOn(sha);
  }

  return {
    path,
    runId,
    kind,
    mirror,
    checkpoint: (input) => turn(() => checkpoint(input)),
    treeHash: ({ signal } = {}) => turn(() => stage(signal)),
    restore: (sha, { signal } = {}) => turn(() => restore(sha, signal)),
  };
}

function linkedGit({ mirror, path, registration, indexFile }: { mirror: Mirror; path: string; registration: string; indexFile: string }) {
  return hardenedGit({ cwd: path, gitDir: registration, commonDir: mirror.gitDir, workTree: path, indexFile, env: mirror.env });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
