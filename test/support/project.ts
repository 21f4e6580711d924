import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkoutAt, git } from './git-remote.ts';
import type { Checkout, Files } from './git-remote.ts';

/** A user's clone of a small project whose tests are a shell script. */
export interface Project extends Checkout {
  /** Of an issue file beside it. */
  readonly issue: string;
}

const FILES: Files = {
  '.belay.yml': 'test: sh test.sh\n',
  'test.sh': 'test -f broken.txt && { echo "it is broken"; exit 1; }\nexit 0\n',
  'readme.md': 'A project.\n',
};

export async function userProject(
  folder: string,
  { name = 'project', files = FILES }: { name?: string; files?: Files } = {},
): Promise<Project> {
  const path = join(folder, name);
  await git(folder, 'init', '--quiet', path);
  const checkout = checkoutAt(path);
  await checkout.commit(files, 'First commit');
  const issue = join(folder, `${name}.issue.md`);
  await writeFile(issue, '# It is not written down\n\nPlease write it down.\n');
  return { ...checkout, issue };
}
