import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { BelayError } from '../contracts/errors.ts';

/**
 * The folder of a worktree in which a run works, by its real path. Throws settings_invalid where it is gone, no folder, or where a
 * link leads out of the worktree: what an agent or a test made of it is as foreign as anything else.
 */
export async function workingDirectory({ root, folder }: { root: string; folder?: string | undefined }): Promise<string> {
  if (!folder) return root;
  const path = join(root, folder);
  const [realRoot, real] = await Promise.all([realpath(root), realpath(path).catch(() => undefined)]);
  if (real === undefined || !(await stat(real)).isDirectory()) throw unusable(folder, 'is no folder of the work');
  if (!real.startsWith(`${realRoot}${sep}`)) throw unusable(folder, 'leads out of the repository by a link');
  return path;
}

function unusable(folder: string, why: string): BelayError {
  return new BelayError({
    code: 'settings_invalid',
    message: `The working directory ${folder}, set in .belay.yml, ${why}.`,
    hint: 'Name another folder under `workingDirectory` on the base branch, or see with `belay open` what became of this one; then `belay retry`.',
  });
}
