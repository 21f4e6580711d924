import pLimit from 'p-limit';
import type { LimitFunction } from 'p-limit';
import { BelayError } from '../contracts/errors.ts';
import { acquireLock, LockBusyError } from '../process/exclusive-lock.ts';

/** Long enough for the slowest `git worktree add` of several waiting processes. */
const WAIT_MS = 60_000;

const queues = new Map<string, LimitFunction>();

export interface LockedWork {
  /** The lock's file; its folder exists. */
  path: string;
  waitMs?: number;
  signal?: AbortSignal | undefined;
}

/** Runs this alone on this machine: a queue inside the process, in front of a lock that the kernel releases when a process dies. */
export async function whileLocked<T>({ path, waitMs = WAIT_MS, signal }: LockedWork, work: () => Promise<T>): Promise<T> {
  const queue = queues.get(path) ?? pLimit(1);
  queues.set(path, queue);
  return queue(async () => {
    signal?.throwIfAborted();
    using _lock = await acquireLock({ path, waitMs, ...(signal && { signal }) }).catch((error: unknown) => {
      if (!(error instanceof LockBusyError)) throw error;
      throw new BelayError({
        code: 'git_failed',
        message: error.message,
        hint: 'Another process of Belay works on this repository; see what it does, or wait and retry.',
        cause: error,
      });
    });
    return await work();
  });
}
