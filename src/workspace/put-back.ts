import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HardenedGit } from '../git/hardened-git.ts';
import type { Mirror } from '../git/mirror.ts';
import { assertSha } from '../git/ref-names.ts';

/** The system bounds what one call may be given. */
const MAX_FILES = 500;

export interface PutBack {
  mirror: Mirror;
  /** Of the worktree, whose index has its present content. */
  git: HardenedGit;
  path: string;
  commit: string;
  paths: readonly string[];
}

/** Brings files to what they are in the commit. Those that it does not have go first: they may stand where a folder was. */
export async function putFilesBack({ mirror, git, path, commit, paths }: PutBack): Promise<void> {
  await mirror.guard();
  const known = new Set(await mirror.listFiles({ commit }));
  for (const each of paths) if (!known.has(each)) await rm(join(path, each), { recursive: true, force: true });
  const files = paths.filter((each) => known.has(each));
  for (let start = 0; start < files.length; start += MAX_FILES)
    await git.run(['--literal-pathspecs', 'checkout', '--quiet', assertSha(commit), '--', ...files.slice(start, start + MAX_FILES)]);
}
