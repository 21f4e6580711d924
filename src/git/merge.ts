import { BelayError } from '../contracts/errors.ts';
import type { GitAccess } from './access.ts';
import type { Mirror } from './mirror.ts';
import { contains, mergeTrees } from './merge-trees.ts';

export interface MergeRequest extends GitAccess {
  mirror: Mirror;
  branch: string;
  base: string;
  headSha: string;
  message: string;
}

/** Merges a branch into its base at the remote, without a checkout; one that is in it already is left. Throws branch_moved on conflicts, and what `push` throws. */
export async function mergeBranch({ mirror, branch, base, headSha, message, ...access }: MergeRequest): Promise<string> {
  const baseSha = await mirror.fetchBranch({ ...access, branch: base });
  const head = await mirror.fetchBranch({ ...access, branch });
  if (head !== headSha)
    throw new BelayError({
      code: 'branch_moved',
      message: `${branch} has moved since the pull request was written.`,
      hint: 'Look at it, then merge it with git.',
    });
  if (await contains({ mirror, commit: baseSha, ancestor: head })) return baseSha;
  const merged = await mergeTrees({ mirror, ours: baseSha, theirs: head });
  if (!merged || merged.conflicts.length > 0)
    throw new BelayError({
      code: 'branch_moved',
      message: `${branch} conflicts with ${base}.`,
      hint: `Merge it by hand: git merge ${branch}`,
    });
  const sha = await mirror.commitTree({ tree: merged.tree, parents: [baseSha, head], message });
  await mirror.push({ ...access, branch: base, sha, expected: baseSha }).catch((error: unknown) => {
    throw isCheckedOut(error) ? byHand(error, branch) : error;
  });
  return sha;
}

const isCheckedOut = (error: unknown): error is BelayError => error instanceof BelayError && error.code === 'branch_checked_out';

/** The usual case: people have their base branch checked out. */
function byHand({ code, message }: BelayError, branch: string): BelayError {
  return new BelayError({
    code,
    message: `${message}.`,
    hint: `Merge it there yourself (git merge ${branch}), then repeat this command: it notes the pull request as merged.`,
  });
}
