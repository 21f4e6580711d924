import { rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GitAnswer } from './hardened-git.ts';

/** Git holds the locks of a mirror for milliseconds, those of its packed refs for a second or two: one that outlives this has no owner. */
const STALE_MS = 5_000;
const POLL_MS = 50;

/** Time that only ever runs forward: a file's date says nothing of its age once the system's clock has been set. */
export interface SteadyClock {
  now(): number;
  wait(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

const STEADY: SteadyClock = {
  now: () => performance.now(),
  async wait(ms, signal) {
    await sleep(ms, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
  },
};

interface RefusedByLock {
  answer: GitAnswer;
  gitDir: string;
  signal?: AbortSignal | undefined;
  clock?: SteadyClock;
}

/**
 * Git leaves its lock files behind when it is killed, and then refuses for ever. Waits for the one that it complains about, and
 * removes it if nobody moves it. True: try again.
 */
export async function outlivedLock({ answer, gitDir, signal, clock = STEADY }: RefusedByLock): Promise<boolean> {
  const path = /Unable to create '(.+\.lock)': File exists/.exec(answer.stderr)?.[1];
  if (answer.exitCode === 0 || path === undefined || !path.startsWith(`${gitDir}/`)) return false;
  const first = await identityOf(path);
  if (first === undefined) return true;
  const since = clock.now();
  while (clock.now() - since < STALE_MS) {
    await clock.wait(POLL_MS, signal);
    // Gone, or another's by now: its owner was alive.
    if ((await identityOf(path)) !== first) return true;
  }
  await rm(path, { force: true });
  return true;
}

async function identityOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && [found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ');
}
