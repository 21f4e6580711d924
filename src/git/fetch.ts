import { BelayError } from '../contracts/errors.ts';
import type { GitAccess } from './access.ts';
import { gitFailure } from './git-failure.ts';
import { uploadPack } from './local-remote.ts';
import { assertRefName, assertSha } from './ref-names.ts';
import { placeOf } from './remote-git.ts';
import type { RemoteAnswer, RemoteGit } from './remote-git.ts';
import { remoteHead } from './remote-head.ts';
import { whileLocked } from './repository-lock.ts';
import { createSharedCalls } from './shared-call.ts';

/** As long as the longest fetch of somebody else. */
const WAIT_MS = 60 * 60_000;

const OPTIONS = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance', '--no-recurse-submodules', '--update-shallow'];

export type FetchBranch = GitAccess & { branch?: string; maxAgeMs?: number; signal?: AbortSignal };

/** Fetches into a mirror, one at a time on this machine: parallel fetches of one repository fail on each other's ref locks. */
export function createFetcher(git: RemoteGit) {
  const share = createSharedCalls<string>();
  const fetched = new Map<string, { sha: string; at: number }>();
  const { mirror } = git;
  const alone = <T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> =>
    whileLocked({ path: `${mirror.gitDir}.fetch.lock`, waitMs: WAIT_MS, signal }, work);

  async function fetchBranch({ branch: wanted, maxAgeMs = 0, signal, ...access }: FetchBranch): Promise<string> {
    const branch = assertRefName(wanted ?? (await defaultBranch(git, access, signal)));
    const key = `${access.url}\n${branch}`;
    const known = fetched.get(key);
    if (known && performance.now() - known.at < maxAgeMs) return known.sha;
    const work = (begins: () => void, shared: AbortSignal) =>
      alone(shared, async () => {
        begins();
        const at = performance.now();
        const sha = await fetchRef({ git, access, branch, signal: shared });
        fetched.set(key, { sha, at });
        return sha;
      });
    return share({ key, signal, work });
  }

  async function fetchCommit({ sha, signal, ...access }: GitAccess & { sha: string; signal?: AbortSignal }): Promise<void> {
    assertSha(sha);
    if (await mirror.hasCommit(sha)) return;
    await alone(signal, () => fetchRefspec({ git, access, refspec: sha, what: `commit ${sha}`, signal }));
    if (!(await mirror.hasCommit(sha))) throw baseNotFound(access.url, `commit ${sha}`);
  }

  return { fetchBranch, fetchCommit };
}

async function defaultBranch(git: RemoteGit, access: GitAccess, signal: AbortSignal | undefined): Promise<string> {
  const head = await remoteHead(git, { ...access, signal });
  if (!head) throw emptyRepository(access.url);
  return head.branch;
}

async function fetchRef({
  git,
  access,
  branch,
  signal,
}: {
  git: RemoteGit;
  access: GitAccess;
  branch: string;
  signal: AbortSignal;
}): Promise<string> {
  const ref = `refs/remotes/origin/${branch}`;
  const refspec = `+refs/heads/${branch}:${ref}`;
  await fetchRefspec({ git, access, refspec, what: `branch ${branch}`, signal });
  return (await git.mirror.run(['rev-parse', '--verify', '--end-of-options', `${ref}^{commit}`], { signal })).trim();
}

interface Fetch {
  git: RemoteGit;
  access: GitAccess;
  refspec: string;
  /** For messages. */
  what: string;
  signal?: AbortSignal | undefined;
}

async function fetchRefspec(fetch: Fetch): Promise<void> {
  const { git, access, refspec, signal } = fetch;
  const args = (url: string) => ['fetch', ...OPTIONS, ...uploadPack(url), '--', url, refspec];
  let answer = await git.attempt(access, args, { signal });
  // A branch `a` that became `a/b` on the other side: ours is only a copy, and in the way.
  const inTheWay = /'(refs\/remotes\/origin\/[^']+)' exists; cannot create/.exec(answer.stderr)?.[1];
  if (inTheWay !== undefined) {
    await git.mirror.run(['update-ref', '-d', inTheWay], { signal });
    answer = await git.attempt(access, args, { signal });
  }
  if (answer.exitCode !== 0) throw await fetchFailure(fetch, answer);
}

async function fetchFailure({ git, access, what, signal }: Fetch, answer: RemoteAnswer): Promise<BelayError> {
  const isMissing = /couldn't find remote ref|not our ref|no such remote ref|upload-pack: not our/i.test(answer.stderr);
  if (!isMissing) return gitFailure({ args: answer.args, cwd: placeOf(access.url), answer });
  // Only to say more: a repository without a default branch is no other trouble.
  const head = await remoteHead(git, { ...access, signal }).catch(() => 'unknown' as const);
  if (head === undefined) return emptyRepository(access.url);
  return baseNotFound(access.url, what, head === 'unknown' ? undefined : head.branch);
}

function baseNotFound(url: string, what: string, defaultIs?: string): BelayError {
  const where = placeOf(url);
  const other =
    defaultIs === undefined || what === `branch ${defaultIs}` ? '' : `Its default branch is ${defaultIs} (--base ${defaultIs}). `;
  return new BelayError({
    code: 'base_not_found',
    message: `There is no ${what} in ${where}`,
    hint: `${other}See what there is with: git ls-remote --heads ${where}`,
  });
}

const emptyRepository = (url: string): BelayError =>
  new BelayError({
    code: 'empty_repository',
    message: `${placeOf(url)} has no commits yet`,
    hint: 'Push a first commit to it, then run again.',
  });
