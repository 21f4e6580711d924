import { rm, stat } from 'node:fs/promises';
import type { GitAnswer } from './hardened-git.ts';

/** Ref locks are held for milliseconds; one this old was left by a git that was killed. */
const STALE_MS = 10_000;

/** Git leaves its lock files behind when it is killed, and then refuses for ever. Removes the one that it complains about. True: try again. */
export async function removedStaleLock({ answer, gitDir }: { answer: GitAnswer; gitDir: string }): Promise<boolean> {
  const path = /Unable to create '(.+\.lock)': File exists/.exec(answer.stderr)?.[1];
  if (answer.exitCode === 0 || path === undefined || !path.startsWith(`${gitDir}/`)) return false;
  const lock = await stat(path).catch(() => undefined);
  if (lock !== undefined && Date.now() - lock.mtimeMs < STALE_MS) return false;
  await rm(path, { force: true });
  return true;
}
