import type { GitAccess } from './access.ts';
import { BelayError } from '../contracts/errors.ts';
import { gitFailure, withoutCredentials } from './git-failure.ts';
import type { GitAnswer } from './hardened-git.ts';
import { attemptPush, isRefused, movedIn } from './push-refs.ts';
import type { RefMove } from './push-refs.ts';
import { assertRefName } from './ref-names.ts';
import { placeOf } from './remote-git.ts';
import type { RemoteGit } from './remote-git.ts';
import { remoteRefs, remoteSha } from './remote-head.ts';

export interface Push extends GitAccess {
  branch: string;
  sha: string;
  /** Null: the branch must not exist yet. */
  expected: string | null;
  /** Refs of Belay's own that move with it, or nothing does. */
  beside?: readonly RefMove[];
  signal?: AbortSignal;
}

/** Moves a branch of the remote by compare-and-swap; what is already ours is fine. */
export async function push(git: RemoteGit, request: Push): Promise<'pushed' | 'already_there'> {
  const { branch, sha, expected, beside = [], signal, ...access } = request;
  const ref = `refs/heads/${assertRefName(branch)}`;
  const answer = await attemptPush(git, { ...access, moves: [{ ref, sha, expected }, ...beside], signal });
  if (answer.exitCode === 0) return answer.stdout.includes(`\n=\t`) ? 'already_there' : 'pushed';
  const failure = gitFailure({ args: answer.args, cwd: placeOf(access.url), answer });
  const refused = isRefused(answer);
  if (!refused && failure.code !== 'forge_unreachable') throw failure;
  // A refusal says little about the reason, and an answer may be lost on its way: the remote's state decides.
  const present = await remoteSha(git, { ...access, ref, signal }).catch((error: unknown) => {
    throw refused ? error : failure;
  });
  if (present === sha) return 'already_there';
  if (!refused) throw failure;
  const besides = await remoteRefs(git, { ...access, refs: beside.map((move) => move.ref), signal });
  throw (present === expected ? movedIn(beside, besides) : undefined) ?? refusal({ request, present, answer });
}

function refusal({
  request: { url, branch, expected },
  present,
  answer,
}: {
  request: Push;
  present: string | null;
  answer: GitAnswer;
}): BelayError {
  const where = placeOf(url);
  const said = `${answer.stdout}\n${answer.stderr}`;
  if (present !== expected) {
    return new BelayError({
      code: 'branch_moved',
      message: `Branch ${branch} of ${where} is ${stateOf(present)}, not ${stateOf(expected)}: somebody else changed it`,
      hint: 'Look at what was pushed there. A new run with --fresh takes a branch of its own.',
    });
  }
  if (/is currently checked out|refusing to update checked out branch/.test(said)) {
    return new BelayError({
      code: 'branch_checked_out',
      message: `Branch ${branch} is checked out in ${where} (or a worktree of it), and pushing would change the files there`,
      hint: `Check out another branch there (git switch -), then: belay retry`,
    });
  }
  return rejection({ where, branch, said });
}

function rejection({ where, branch, said }: { where: string; branch: string; said: string }): BelayError {
  const inTheWay = /'refs\/heads\/([^']+)' exists; cannot create/.exec(said)?.[1];
  if (inTheWay !== undefined) {
    return new BelayError({
      code: 'push_rejected',
      message: `${where} has a branch named ${inTheWay}, and git cannot keep ${branch} beside it`,
      hint: `Rename it there (git branch -m ${inTheWay} ${inTheWay.replaceAll('/', '-')}-old), then: belay retry`,
    });
  }
  // The server's own words before git's.
  const words = [...said.matchAll(/^remote: (.*)$/gm), ...said.matchAll(/^!\t\S+\t(.*)$/gm)].map(([, text = '']) => text.trim());
  const reasons = words.filter((text) => text !== '');
  return new BelayError({
    code: 'push_rejected',
    message: `${where} refused branch ${branch}: ${withoutCredentials(reasons.join('; ')).slice(0, 1000)}`,
    hint: hintFor(said, branch),
  });
}

function hintFor(said: string, branch: string): string {
  if (/insufficient permission|Permission denied|Read-only file system/i.test(said))
    return 'Belay may not write there: give it the right to, then: belay retry';
  // GitHub's, of branch protection and of rulesets.
  if (/\bGH0(?:06|13)\b|protected branch/i.test(said))
    return `A rule there protects ${branch}: let the account of the token past it, or take branches of this name out of it, then: belay retry`;
  return 'Its rules or hooks do not accept this branch; mend that, then: belay retry';
}

const stateOf = (sha: string | null): string => (sha === null ? 'missing' : `at ${sha.slice(0, 12)}`);
