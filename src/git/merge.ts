import { BelayError } from '../contracts/errors.ts';
import type { Mirror } from './mirror.ts';
import { mirrorGit } from './mirror-git.ts';

export interface MergeRequest {
  mirror: Mirror;
  url: string;
  branch: string;
  base: string;
  headSha: string;
  message: string;
}

/** Merges a branch into its base at the remote, without a checkout. Throws branch_moved on conflicts, and what `push` throws. */
export async function mergeBranch({ mirror, url, branch, base, headSha, message }: MergeRequest): Promise<string> {
  const baseSha = await mirror.fetchBranch({ url, branch: base });
  const head = await mirror.fetchBranch({ url, branch });
  if (head !== headSha)
    throw new BelayError({
      code: 'branch_moved',
      message: `${branch} has moved since the pull request was written.`,
      hint: 'Look at it, then merge it with git.',
    });
  const git = mirrorGit({ gitDir: mirror.gitDir, env: mirror.env });
  const merged = await git.attempt(['merge-tree', '--write-tree', '--no-messages', baseSha, head]);
  if (merged.exitCode !== 0)
    throw new BelayError({
      code: 'branch_moved',
      message: `${branch} conflicts with ${base}.`,
      hint: `Merge it by hand: git merge ${branch}`,
    });
  const tree = merged.stdout.split('\n', 1)[0] as string;
  const sha = await mirror.commitTree({ tree, parents: [baseSha, head], message });
  await mirror.push({ url, branch: base, sha, expected: baseSha });
  return sha;
}
