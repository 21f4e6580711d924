import { copyFile, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { gitFailure } from '../git/git-failure.ts';
import type { GitAnswer, HardenedGit } from '../git/hardened-git.ts';

/** Belay's own index of a worktree: what an agent stages, flags (`skip-worktree`) or leaves locked in git's index does not reach it. */
export const INDEX_NAME = 'belay-index';

export interface Staging {
  git: HardenedGit;
  /** The worktree. */
  path: string;
  registration: string;
  signal?: AbortSignal | undefined;
}

/** Brings the private index to the present content; ignored files stay out. */
export async function stageEverything({ git, path, registration, signal }: Staging): Promise<void> {
  const args = ['add', '--all', '--', '.'];
  // Each pass names at least one more repository to take in, or is the last.
  for (;;) {
    const answer = await git.attempt(args, { signal });
    const nested = await takeInNested({ repositories: nestedRepositories(answer), path, registration });
    if (nested > 0) {
      // A link to the commit was staged: the files themselves are wanted.
      continue;
    }
    if (answer.exitCode !== 0) throw gitFailure({ args, cwd: path, answer });
    return;
  }
}

function nestedRepositories({ stderr }: GitAnswer): string[] {
  const linked = [...stderr.matchAll(/^warning: adding embedded git repository: (.+)$/gm)];
  const empty = [...stderr.matchAll(/^error: '(.+)\/' does not have a commit checked out$/gm)];
  return [...linked, ...empty].map((match) => match[1] ?? '').filter((name) => name !== '');
}

/**
 * A repository inside the worktree (a scaffolding tool ran `git init`) would be published as a link to nowhere. Its files are taken in
 * as they are, like everything that the tests saw; its git directory is kept with the worktree's registration.
 */
async function takeInNested({
  repositories,
  path,
  registration,
}: {
  repositories: string[];
  path: string;
  registration: string;
}): Promise<number> {
  const modules = await readFile(join(path, '.gitmodules'), 'utf8').catch(() => '');
  const wild = repositories.filter((name) => !modules.includes(`path = ${name}\n`));
  for (const name of wild) await rename(join(path, name, '.git'), join(registration, `nested-${randomUUID()}`));
  return wild.length;
}

/** Gives git's own index the content of the private one, so that agents see a clean status. */
export async function publishIndex({ registration, gitDir }: { registration: string; gitDir: string }): Promise<void> {
  const source = join(registration, INDEX_NAME);
  const temporary = join(gitDir, `index.${randomUUID()}`);
  await copyFile(source, temporary);
  const { atime, mtime } = await stat(source);
  // Git trusts a file's recorded size and time only if they are older than the index: the copy must not look younger.
  await utimes(temporary, atime, mtime);
  await rename(temporary, join(gitDir, 'index'));
}

/** What a killed git, or an agent in the middle of a merge or rebase, leaves in a registration. */
const LEFT_BEHIND = [
  `${INDEX_NAME}.lock`,
  'index.lock',
  'HEAD.lock',
  'MERGE_HEAD',
  'MERGE_MODE',
  'MERGE_MSG',
  'AUTO_MERGE',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'BISECT_LOG',
  'rebase-merge',
  'rebase-apply',
  'sequencer',
];

export async function tidyRegistration(registration: string): Promise<void> {
  await Promise.all(LEFT_BEHIND.map((name) => rm(join(registration, name), { recursive: true, force: true })));
}
