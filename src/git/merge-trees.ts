import { gitFailure } from './git-failure.ts';
import type { Mirror } from './mirror.ts';
import { mirrorGit } from './mirror-git.ts';
import { assertSha } from './ref-names.ts';

export interface MergedTrees {
  /** Holds conflict markers where there are conflicts. */
  tree: string;
  /** Paths with conflicts. */
  conflicts: string[];
  /** What git says of them, such as that one side removed a file that the other changed. */
  messages: string[];
}

interface Sides {
  mirror: Mirror;
  ours: string;
  theirs: string;
}

/** Merges two commits without a checkout, from where their histories part. Undefined where they have nothing in common. */
export async function mergeTrees({ mirror, ours, theirs }: Sides): Promise<MergedTrees | undefined> {
  const git = mirrorGit({ gitDir: mirror.gitDir, env: mirror.env });
  const args = ['merge-tree', '--write-tree', '-z', '--name-only', assertSha(ours), assertSha(theirs)];
  const answer = await git.attempt(args);
  if (/refusing to merge unrelated histories/.test(answer.stderr)) return undefined;
  if (answer.exitCode !== 0 && answer.exitCode !== 1) throw gitFailure({ args, cwd: mirror.gitDir, answer });
  const [tree = '', ...rest] = answer.stdout.split('\0');
  if (answer.exitCode === 0) return { tree, conflicts: [], messages: [] };
  const end = rest.indexOf('');
  return { tree, conflicts: [...new Set(rest.slice(0, end))], messages: conflictMessages(rest.slice(end + 1)) };
}

/** Each message stands behind the number of its paths, the paths and its kind. */
function conflictMessages(fields: readonly string[]): string[] {
  const messages: string[] = [];
  for (let at = 0; at < fields.length - 1;) {
    const kind = at + 1 + Number(fields[at]);
    const message = fields[kind + 1];
    if (message === undefined) break;
    if (fields[kind]?.startsWith('CONFLICT')) messages.push(message.trim());
    at = kind + 2;
  }
  return messages;
}

/** Whether a commit's history has another in it. */
export async function contains({ mirror, commit, ancestor }: { mirror: Mirror; commit: string; ancestor: string }): Promise<boolean> {
  if (commit === ancestor) return true;
  const git = mirrorGit({ gitDir: mirror.gitDir, env: mirror.env });
  const args = ['merge-base', '--is-ancestor', assertSha(ancestor), assertSha(commit)];
  const answer = await git.attempt(args);
  if (answer.exitCode === 0 || answer.exitCode === 1) return answer.exitCode === 0;
  throw gitFailure({ args, cwd: mirror.gitDir, answer });
}
