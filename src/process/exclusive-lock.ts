import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

export interface LockHolder {
  pid: number;
  /** ISO-8601 UTC. */
  since: string;
}

/** A held lock. Disposing it releases it; the kernel does so when the process dies. */
export interface Lock extends Disposable {
  readonly path: string;
}

/**
 * Takes the lock if it is free. Exclusive across processes and inside one; the folder of `path` must exist.
 * The file at `path` stays: removing it while somebody opens it would give two holders.
 */
export function tryLock(path: string): Lock | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // A rollback journal would leave a file behind and, after a kill, be replayed; nothing is ever written here.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  const note = `${path}.holder`;
  try {
    writeFileSync(note, JSON.stringify({ pid: process.pid, since: new Date().toISOString() } satisfies LockHolder));
  } catch (error) {
    database.close();
    throw error;
  }
  let released = false;
  return {
    path,
    [Symbol.dispose]() {
      if (released) return;
      released = true;
      rmSync(note, { force: true });
      database.close();
    },
  };
}

export interface AcquireLockRequest {
  path: string;
  /** How long to wait for the present holder. Without it: until `signal` aborts. */
  waitMs?: number;
  signal?: AbortSignal;
}

/** Waits for the lock. Rejects with `LockBusyError` after `waitMs`, or with the signal's reason. */
export async function acquireLock({ path, waitMs = Number.POSITIVE_INFINITY, signal }: AcquireLockRequest): Promise<Lock> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    signal?.throwIfAborted();
    const lock = tryLock(path);
    if (lock) return lock;
    if (performance.now() >= deadline) throw new LockBusyError(path, lockHolder(path));
    await pause(signal);
  }
}

/** Who holds the lock, as far as is known: for messages, never for decisions. */
export function lockHolder(path: string): LockHolder | undefined {
  try {
    return JSON.parse(readFileSync(`${path}.holder`, 'utf8')) as LockHolder;
  } catch {
    // Missing, or read while it is being written: the note is a courtesy.
    return undefined;
  }
}

/** The lock stayed with somebody else for the whole wait. */
export class LockBusyError extends Error {
  readonly path: string;
  readonly holder?: LockHolder;

  constructor(path: string, holder: LockHolder | undefined) {
    super(`${path} is locked${holder ? ` by process ${holder.pid} since ${holder.since}` : ''}`);
    this.name = 'LockBusyError';
    this.path = path;
    if (holder) this.holder = holder;
  }
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  // Jitter, so that waiters do not poll in step.
  const delayMs = POLL_MS * (0.5 + Math.random());
  try {
    await sleep(delayMs, undefined, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** SQLITE_BUSY is 5, SQLITE_LOCKED is 6; extended codes carry them in the low byte. */
function isBusy(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return false;
  const code = error.errcode & 0xff;
  return code === 5 || code === 6;
}
