import { copyFile, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { gitFailure } from '../git/git-failure.ts';
import type { HardenedGit } from '../git/hardened-git.ts';
import { renameIfThere } from './rename-if-there.ts';

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
    // A link to the commit was staged: the files themselves are wanted.
    if (NESTED.test(answer.stderr) && (await takeInNested({ git, path, registration, signal })) > 0) continue;
    if (answer.exitCode !== 0) throw gitFailure({ args, cwd: path, answer });
    return;
  }
}

/** How git says that it met a repository; its name may have any characters in it, line breaks too. */
const NESTED = /^warning: adding embedded git repository: |' does not have a commit checked out$/m;

/**
 * A repository inside the worktree (a scaffolding tool ran `git init`) would be published as a link to nowhere. Its files are taken in
 * as they are, like everything that the tests saw; its git directory is kept with the worktree's registration.
 */
async function takeInNested({ git, path, registration, signal }: Staging): Promise<number> {
  const modules = await readFile(join(path, '.gitmodules'), 'utf8').catch(() => '');
  const found = [...(await stagedLinks(git, signal)), ...(await unstagedRepositories(git, signal))];
  let taken = 0;
  for (const name of found.filter((each) => !modules.includes(`path = ${each}\n`)))
    if (await renameIfThere(join(path, name, '.git'), join(registration, `nested-${randomUUID()}`))) taken++;
  return taken;
}

async function stagedLinks(git: HardenedGit, signal: AbortSignal | undefined): Promise<string[]> {
  const entries = (await git.run(['ls-files', '--stage', '-z'], { signal })).split('\0');
  return entries.filter((entry) => entry.startsWith('160000 ')).map((entry) => entry.slice(entry.indexOf('\t') + 1));
}

/** Git lists what is in folders, but of another repository only the folder. */
async function unstagedRepositories(git: HardenedGit, signal: AbortSignal | undefined): Promise<string[]> {
  const entries = (await git.run(['ls-files', '--others', '--exclude-standard', '-z'], { signal })).split('\0');
  return entries.filter((entry) => entry.endsWith('/')).map((entry) => entry.slice(0, -1));
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
