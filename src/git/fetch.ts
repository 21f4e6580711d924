import { BelayError } from '../contracts/errors.ts';
import { gitFailure, withoutCredentials } from './git-failure.ts';
import type { GitAnswer } from './hardened-git.ts';
import { localPath, uploadPack } from './local-remote.ts';
import type { MirrorGit } from './mirror-git.ts';
import { assertRefName, assertSha } from './ref-names.ts';
import { whileLocked } from './repository-lock.ts';
import { createSharedCalls } from './shared-call.ts';

/** A first fetch of a big repository over a slow line. */
const WAIT_MS = 30 * 60_000;

const OPTIONS = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance', '--no-recurse-submodules', '--update-shallow'];

/** Fetches into a mirror, one at a time on this machine: parallel fetches of one repository fail on each other's ref locks. */
export function createFetcher(git: MirrorGit) {
  const share = createSharedCalls<string>();
  const fetched = new Map<string, { sha: string; at: number }>();

  async function fetchBranch(input: { url: string; branch: string; maxAgeMs?: number; signal?: AbortSignal }): Promise<string> {
    const { url, signal, maxAgeMs = 0 } = input;
    const branch = assertRefName(input.branch);
    const key = `${url}\n${branch}`;
    const known = fetched.get(key);
    if (known && performance.now() - known.at < maxAgeMs) return known.sha;
    const work = (begins: () => void, shared: AbortSignal) =>
      whileLocked({ path: `${git.gitDir}.fetch.lock`, waitMs: WAIT_MS, signal: shared }, async () => {
        begins();
        const at = performance.now();
        const sha = await fetchRef({ git, url, branch, signal: shared });
        fetched.set(key, { sha, at });
        return sha;
      });
    return share({ key, signal, work });
  }

  async function fetchCommit({ url, sha, signal }: { url: string; sha: string; signal?: AbortSignal }): Promise<void> {
    assertSha(sha);
    if (await git.hasCommit(sha)) return;
    await whileLocked({ path: `${git.gitDir}.fetch.lock`, waitMs: WAIT_MS, signal }, () =>
      fetchRefspec({ git, url, refspec: sha, what: `commit ${sha}`, signal }),
    );
    if (!(await git.hasCommit(sha))) throw baseNotFound(url, `commit ${sha}`);
  }

  return { fetchBranch, fetchCommit };
}

async function fetchRef({
  git,
  url,
  branch,
  signal,
}: {
  git: MirrorGit;
  url: string;
  branch: string;
  signal: AbortSignal;
}): Promise<string> {
  const ref = `refs/remotes/origin/${branch}`;
  await fetchRefspec({ git, url, refspec: `+refs/heads/${branch}:${ref}`, what: `branch ${branch}`, signal });
  return (await git.run(['rev-parse', '--verify', '--end-of-options', `${ref}^{commit}`], { signal })).trim();
}

interface Fetch {
  git: MirrorGit;
  url: string;
  refspec: string;
  /** For messages. */
  what: string;
  signal?: AbortSignal | undefined;
}

async function fetchRefspec({ git, url, refspec, what, signal }: Fetch): Promise<void> {
  const args = ['fetch', ...OPTIONS, ...uploadPack(url), '--', url, refspec];
  let answer = await git.attempt(args, { signal });
  // A branch `a` that became `a/b` on the other side: ours is only a copy, and in the way.
  const inTheWay = /'(refs\/remotes\/origin\/[^']+)' exists; cannot create/.exec(answer.stderr)?.[1];
  if (inTheWay !== undefined) {
    await git.run(['update-ref', '-d', inTheWay], { signal });
    answer = await git.attempt(args, { signal });
  }
  if (answer.exitCode !== 0) throw fetchFailure({ url, what, args, answer });
}

function fetchFailure({ url, what, args, answer }: { url: string; what: string; args: string[]; answer: GitAnswer }): BelayError {
  if (/couldn't find remote ref|not our ref|no such remote ref|upload-pack: not our/i.test(answer.stderr)) return baseNotFound(url, what);
  return gitFailure({ args, cwd: withoutCredentials(url), answer });
}

function baseNotFound(url: string, what: string): BelayError {
  const where = localPath(url) ?? withoutCredentials(url);
  return new BelayError({
    code: 'base_not_found',
    message: `There is no ${what} in ${where}`,
    hint: `See what there is with: git ls-remote --heads ${where}`,
  });
}
