import { BelayError } from '../contracts/errors.ts';
import { gitFailure } from './git-failure.ts';
import type { GitEnvironment } from './git-environment.ts';
import { hardenedGit } from './hardened-git.ts';
import type { GitAnswer, GitCall } from './hardened-git.ts';
import { restoreMirror } from './mirror-guard.ts';
import { assertRefName, assertSha } from './ref-names.ts';
import { outlivedLock } from './stale-lock.ts';

/** Git in a mirror: guarded before each use. */
export interface MirrorGit {
  readonly gitDir: string;
  readonly env: GitEnvironment;
  run(args: readonly string[], call?: GitCall): Promise<string>;
  attempt(args: readonly string[], call?: GitCall): Promise<GitAnswer>;
  hasCommit(sha: string): Promise<boolean>;
}

export function mirrorGit({ gitDir, env }: { gitDir: string; env: GitEnvironment }): MirrorGit {
  const git = hardenedGit({ cwd: gitDir, gitDir, env });

  async function attempt(args: readonly string[], call?: GitCall): Promise<GitAnswer> {
    await restoreMirror(gitDir);
    const answer = await git.attempt(args, call);
    return (await outlivedLock({ answer, gitDir, signal: call?.signal })) ? git.attempt(args, call) : answer;
  }

  async function run(args: readonly string[], call?: GitCall): Promise<string> {
    const answer = await attempt(args, call);
    if (answer.exitCode === 0 || answer.truncated) return answer.stdout;
    throw gitFailure({ args, cwd: gitDir, answer });
  }

  async function hasCommit(sha: string): Promise<boolean> {
    return (await attempt(['cat-file', '-e', `${assertSha(sha)}^{commit}`])).exitCode === 0;
  }

  return { gitDir, env, run, attempt, hasCommit };
}

/** Refs of a mirror. */
export function mirrorRefs(git: MirrorGit) {
  return {
    async refSha(ref: string): Promise<string | undefined> {
      const answer = await git.attempt(['rev-parse', '--verify', '--quiet', '--end-of-options', assertRefName(ref)]);
      return answer.exitCode === 0 ? answer.stdout.trim() : undefined;
    },
    async updateRef({ ref, sha, expected }: { ref: string; sha: string; expected?: string | null }): Promise<void> {
      const args = ['update-ref', '--no-deref', assertRefName(ref), assertSha(sha), ...expectation(sha, expected)];
      const answer = await git.attempt(args);
      if (answer.exitCode === 0) return;
      const moved =
        expected !== undefined && /is at [0-9a-f]+ but expected|reference already exists|unable to resolve reference/.test(answer.stderr);
      if (!moved) throw gitFailure({ args, cwd: git.gitDir, answer });
      throw new BelayError({
        code: 'lease_lost',
        message: `${ref} is not at ${expected ?? 'its beginning'} any more: somebody else moved it`,
        hint: 'Another worker goes on with this run; nothing is to be done here.',
      });
    },
    async listRefs(folder: string): Promise<string[]> {
      const listed = await git.run(['for-each-ref', '--format=%(refname)', '--', folder]);
      return listed.split('\n').filter((name) => name !== '');
    },
    async deleteRef(ref: string): Promise<void> {
      await git.run(['update-ref', '--no-deref', '-d', assertRefName(ref)]);
    },
  };
}

/** All zeros: the ref must not exist. */
function expectation(sha: string, expected: string | null | undefined): string[] {
  if (expected === undefined) return [];
  return [expected === null ? '0'.repeat(sha.length) : assertSha(expected)];
}
