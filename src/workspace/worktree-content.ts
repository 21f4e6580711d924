import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { hardenedGit } from '../git/hardened-git.ts';
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
  // One index: calls take turns.
  const turn = pLimit(1);

  async function stage(signal: AbortSignal | undefined): Promise<string> {
    await mirror.guard();
    // Without the index, files that are tracked although ignored would be taken for deleted.
    if (!(await exists(indexFile))) await git.run(['read-tree', `${ref}^{commit}`], { signal });
    await stageEverything({ git, path, registration, signal });
    return (await git.run(['write-tree'], { signal })).trim();
  }

  async function standOn(sha: string): Promise<void> {
    // By hand: update-ref wants a HEAD that is sound, and an agent may have left anything there.
    await replaceFile(join(registration, 'HEAD'), `${sha}\n`);
    await tidyRegistration(registration);
    await publishIndex(registration);
  }

  async function checkpoint({ message, signal }: { message: string; signal?: AbortSignal | undefined }) {
    const tree = await stage(signal);
    const [before = '', treeBefore] = (await git.run(['rev-parse', `${ref}^{commit}`, `${ref}^{tree}`])).trim().split('\n');
    const changed = tree !== treeBefore;
    const sha = changed ? await mirror.commitTree({ tree, parents: [before], message }) : before;
    if (changed) await mirror.updateRef({ ref, sha, expected: before });
    await standOn(sha);
    return { sha, tree, changed };
  }

  async function restore(sha: string, { signal, isClean = false }: NonNullable<Parameters<Worktree['restore']>[1]>): Promise<void> {
    await mirror.guard();
    await tidyRegistration(registration);
    await replaceFile(join(registration, 'HEAD'), `${assertSha(sha)}\n`);
    await git.run(['read-tree', '--reset', '-u', sha], { signal });
    if (!isClean) await git.run(['clean', '-ffdq'], { signal });
    await mirror.updateRef({ ref, sha });
    await standOn(sha);
  }

  async function putBack({ commit, paths }: { commit: string; paths: readonly string[] }): Promise<void> {
    await mirror.guard();
    const known = new Set(await mirror.listFiles({ commit }));
    // First what stands in the way: a file where a folder was, or the other way round.
    for (const each of paths) if (!known.has(each)) await rm(join(path, each), { recursive: true, force: true });
    const files = paths.filter((each) => known.has(each));
    // The system bounds what one call may be given.
    for (let start = 0; start < files.length; start += 500)
      await git.run(['--literal-pathspecs', 'checkout', '--quiet', assertSha(commit), '--', ...files.slice(start, start + 500)]);
  }

  return {
    path,
    runId,
    mirror,
    checkpoint: (input) => turn(() => checkpoint(input)),
    treeHash: ({ signal } = {}) => turn(() => stage(signal)),
    putBack: (input) => turn(() => putBack(input)),
    restore: (sha, options = {}) => turn(() => restore(sha, options)),
  };
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
