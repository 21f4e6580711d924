import { lstat, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hardenedGit } from '../git/hardened-git.ts';
import type { HardenedGit } from '../git/hardened-git.ts';
import type { Mirror } from '../git/mirror.ts';
import { assertSha } from '../git/ref-names.ts';

interface Returned {
  mirror: Mirror;
  tree: string;
  /** Its private index. */
  index: string;
  /** Where it is brought, if anywhere. */
  commit: string | undefined;
}

/**
 * Leaves nothing in a returned tree but its tracked files, as they are or as the commit has them: whoever takes it compares each with
 * the index and rewrites those that differ. Undefined where something may lie hidden in it that git does not clean, and it had better
 * not be used again.
 */
export async function cleanForOthers({ mirror, tree, index, commit }: Returned): Promise<{ files: number } | undefined> {
  if (!(await isFile(index)) || !(await isFile(join(tree, '.git')))) return undefined;
  await rm(join(tree, '.git'));
  await mirror.guard();
  const git = hardenedGit({ cwd: tree, gitDir: mirror.gitDir, workTree: tree, indexFile: index, env: mirror.env });
  const tracked = await trackedFiles(git);
  if (!tracked || (await holdsRepositories(tree, tracked))) return undefined;
  await git.run(['clean', '-ffdxq']);
  // Last: what lay hidden in a folder that the commit has is gone by now.
  if (commit !== undefined) await git.run(['read-tree', '--reset', '-u', assertSha(commit)]);
  return { files: Math.max(1, tracked.length) };
}

/** An entry as `ls-files -v --stage` shows it: plain, merged, neither flagged nor a link to another repository. */
const PLAIN = /^H (?:100644|100755|120000) [0-9a-f]+ 0\t/;

/** Undefined where an entry is flagged so that git would not look at its file, or stands for a folder that git would not clean. */
async function trackedFiles(git: HardenedGit): Promise<string[] | undefined> {
  const listed = await git.run(['ls-files', '-v', '--stage', '-z']);
  const entries = listed.split('\0').filter((entry) => entry !== '');
  if (!entries.every((entry) => PLAIN.test(entry))) return undefined;
  return entries.map((entry) => entry.slice(entry.indexOf('\t') + 1));
}

/** Beside tracked files `git clean` leaves a `.git` folder alone, and git would do there what its configuration says. */
async function holdsRepositories(tree: string, tracked: readonly string[]): Promise<boolean> {
  const folders = new Set<string>();
  for (const file of tracked)
    for (let folder = dirname(file); folder !== '.' && !folders.has(folder); folder = dirname(folder)) folders.add(folder);
  const found = await Promise.all([...folders].map((folder) => lstat(join(tree, folder, '.git')).catch(() => undefined)));
  return found.some((each) => each !== undefined);
}

async function isFile(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() ?? false;
}
