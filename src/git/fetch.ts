import { BelayError } from '../contracts/errors.ts';
import type { GitAccess } from './access.ts';
import { progressIn, withoutProgress } from './fetch-progress.ts';
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

const OPTIONS = ['--no-tags', '--no-write-fetch-head', '--no-auto-maintenance', '--no-recurse-submodules', '--update-shallow'];

interface FetchCall extends GitAccess {
  signal?: AbortSignal;
  /** Hears how far it is, about once a second; of callers that share a fetch, the first. */
  onProgress?: (line: string) => void;
}

export interface FetchBranch extends FetchCall {
  /** The default branch unless named. */
  branch?: string;
  maxAgeMs?: number;
}

export interface FetchRef extends FetchCall {
  /** Its full name. */
  ref: string;
}

export interface FetchCommit extends FetchCall {
  sha: string;
}

/** Fetches into a mirror, one at a time on this machine: parallel fetches of one repository fail on each other's ref locks. */
export function createFetcher(git: RemoteGit) {
  const share = createSharedCalls<string>();
  const fetched = new Map<string, { sha: string; at: number }>();
  const { mirror } = git;
  const alone = <T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> =>
    whileLocked({ path: `${mirror.gitDir}.fetch.lock`, waitMs: WAIT_MS, signal }, work);

  async function fetchBranch({ branch: wanted, maxAgeMs = 0, signal, onProgress, ...access }: FetchBranch): Promise<string> {
    const branch = assertRefName(wanted ?? (await defaultBranch(git, access, signal)));
    const key = `${access.url}\n${branch}`;
    const known = fetched.get(key);
    if (known && performance.now() - known.at < maxAgeMs) return known.sha;
    const work = (begins: () => void, shared: AbortSignal) =>
      alone(shared, async () => {
        begins();
        const at = performance.now();
        const sha = await fetchHead({ git, access, branch, onProgress, signal: shared });
        fetched.set(key, { sha, at });
        return sha;
      });
    return share({ key, signal, work });
  }

  async function fetchCommit({ sha, signal, onProgress, ...access }: FetchCommit): Promise<void> {
    assertSha(sha);
    if (await mirror.hasCommit(sha)) return;
    await alone(signal, () => fetchRefspec({ git, access, refspec: sha, what: `commit ${sha}`, signal, onProgress }));
    if (!(await mirror.hasCommit(sha))) throw baseNotFound(access.url, `commit ${sha}`);
  }

  /** What it leads to; no ref of ours remembers it. */
  async function fetchRef({ ref, signal, onProgress, ...access }: FetchRef): Promise<void> {
    await alone(signal, () => fetchRefspec({ git, access, refspec: assertRefName(ref), what: `ref ${ref}`, signal, onProgress }));
  }

  return { fetchBranch, fetchCommit, fetchRef };
}

async function defaultBranch(git: RemoteGit, access: GitAccess, signal: AbortSignal | undefined): Promise<string> {
  const head = await remoteHead(git, { ...access, signal });
  if (!head) throw emptyRepository(access.url);
  return head.branch;
}

async function fetchHead({ branch, ...fetch }: Omit<Fetch, 'refspec' | 'what'> & { branch: string }): Promise<string> {
  const { git, signal } = fetch;
  const ref = `refs/remotes/origin/${branch}`;
  await fetchRefspec({ ...fetch, refspec: `+refs/heads/${branch}:${ref}`, what: `branch ${branch}` });
  return (await git.mirror.run(['rev-parse', '--verify', '--end-of-options', `${ref}^{commit}`], { signal })).trim();
}

interface Fetch {
  git: RemoteGit;
  access: GitAccess;
  refspec: string;
  /** For messages. */
  what: string;
  signal?: AbortSignal | undefined;
  onProgress?: FetchCall['onProgress'] | undefined;
}

const progressListener = (onProgress: (line: string) => void) => (chunk: string) => {
  const line = progressIn(chunk);
  if (line !== undefined) onProgress(line);
};

async function fetchRefspec(fetch: Fetch): Promise<void> {
  const { git, access, refspec, signal, onProgress } = fetch;
  const onStderr = onProgress && progressListener(onProgress);
  const args = (url: string) => ['fetch', onProgress ? '--progress' : '--quiet', ...OPTIONS, ...uploadPack(url), '--', url, refspec];
  let answer = await git.attempt(access, args, { signal, onStderr });
  // A branch `a` that became `a/b` on the other side: ours is only a copy, and in the way.
  const inTheWay = /'(refs\/remotes\/origin\/[^']+)' exists; cannot create/.exec(answer.stderr)?.[1];
  if (inTheWay !== undefined) {
    await git.mirror.run(['update-ref', '-d', inTheWay], { signal });
    answer = await git.attempt(access, args, { signal, onStderr });
  }
  if (answer.exitCode !== 0) throw await fetchFailure(fetch, answer);
}

async function fetchFailure({ git, access, what, signal }: Fetch, { args, ...said }: RemoteAnswer): Promise<BelayError> {
  const answer = { ...said, stderr: withoutProgress(said.stderr) };
  const isMissing = /couldn't find remote ref|not our ref|no such remote ref|upload-pack: not our/i.test(answer.stderr);
  if (!isMissing) return gitFailure({ args, cwd: placeOf(access.url), answer });
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
