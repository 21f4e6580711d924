import type { GitAccess } from './access.ts';
import { BelayError } from '../contracts/errors.ts';
import { gitFailure, withoutCredentials } from './git-failure.ts';
import { receivePack } from './local-remote.ts';
import { assertRefName, assertSha } from './ref-names.ts';
import { placeOf } from './remote-git.ts';
import type { RemoteAnswer, RemoteGit } from './remote-git.ts';
import { remoteRefs } from './remote-head.ts';

/** A ref of the remote, moved by compare-and-swap. */
export interface RefMove {
  ref: string;
  /** Null: it goes away. */
  sha: string | null;
  /** Null: it must not exist yet. */
  expected: string | null;
}

export interface PushRefs extends GitAccess {
  moves: readonly RefMove[];
  signal?: AbortSignal | undefined;
}

/** All of these move, or none does: the server compares them in one transaction. */
export async function attemptPush(git: RemoteGit, { moves, signal, ...access }: PushRefs): Promise<RemoteAnswer> {
  const leases = moves.map(
    ({ ref, expected }) => `--force-with-lease=${assertRefName(ref)}:${expected === null ? '' : assertSha(expected)}`,
  );
  const refspecs = moves.map(({ ref, sha }) => `${sha === null ? '' : assertSha(sha)}:${ref}`);
  const options = ['--porcelain', '--atomic', '--no-verify', '--no-recurse-submodules', ...leases, ...(await receivePack(access.url))];
  return git.attempt(access, (url) => ['push', ...options, '--', url, ...refspecs], { signal });
}

export const isRefused = ({ stdout }: RemoteAnswer): boolean => stdout.includes('\n!\t');

/**
 * Moves refs that are Belay's own. Where all of them are as wanted already, that is fine. Throws lease_lost where somebody else has moved
 * one, push_rejected where the server takes no such refs, and what any push throws.
 */
export async function pushRefs(git: RemoteGit, request: PushRefs): Promise<void> {
  const answer = await attemptPush(git, request);
  if (answer.exitCode === 0) return;
  const failure = gitFailure({ args: answer.args, cwd: placeOf(request.url), answer });
  if (!isRefused(answer) && failure.code !== 'forge_unreachable') throw failure;
  const { moves, ...access } = request;
  // An answer may be lost on its way: the remote's state decides.
  const present = await remoteRefs(git, { ...access, refs: moves.map(({ ref }) => ref) }).catch((error: unknown) => {
    throw isRefused(answer) ? error : failure;
  });
  if (moves.every(({ ref, sha }) => (present.get(ref) ?? null) === sha)) return;
  if (!isRefused(answer)) throw failure;
  throw movedIn(moves, present) ?? rejected(request, answer);
}

/** Which of these somebody else has moved, as the error that says so. */
export function movedIn(moves: readonly RefMove[], present: ReadonlyMap<string, string>): BelayError | undefined {
  const moved = moves.find(({ ref, expected }) => (present.get(ref) ?? null) !== expected);
  return (
    moved &&
    new BelayError({
      code: 'lease_lost',
      message: `${moved.ref} of the remote is at ${present.get(moved.ref)?.slice(0, 12) ?? 'nothing'}, not at ${moved.expected?.slice(0, 12) ?? 'nothing'}: another host has taken the run over`,
      hint: 'That host goes on with the run; nothing is to be done here.',
    })
  );
}

function rejected({ url, moves }: PushRefs, { stdout, stderr }: RemoteAnswer): BelayError {
  const said = [...stderr.matchAll(/^remote: (.*)$/gm), ...stdout.matchAll(/^!\t\S+\t(.*)$/gm)].map(([, text = '']) => text.trim());
  const reasons = said.filter((text) => text !== '').join('; ');
  return new BelayError({
    code: 'push_rejected',
    message: `${placeOf(url)} refused ${moves.map(({ ref }) => ref).join(' and ')}: ${withoutCredentials(reasons).slice(0, 500)}`,
    hint: 'Let refs/belay/* through there, or set `checkpoints: local`.',
  });
}
