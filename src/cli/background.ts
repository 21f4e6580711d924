import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorCode } from '../contracts/errors.ts';
import { BelayError } from '../contracts/errors.ts';
import { lockHolder } from '../process/exclusive-lock.ts';
import { isAlive } from '../process/is-alive.ts';
import type { DevState } from '../temporal/state-file.ts';
import { readDevState } from '../temporal/state-file.ts';

/** What the background process tells the one that started it. */
export type BackgroundMessage =
  | { type: 'progress'; message: string }
  | { type: 'ready' }
  | { type: 'failed'; code: ErrorCode; message: string; hint?: string };

/** A server has a minute to start, and a worker ends its agents before it goes. */
const PATIENCE_MS = 90_000;
const POLL_MS = 200;
/** It has cleaned up by the time it says why it failed. */
const ENDING_MS = 10_000;
/** Of the embedded server, and of the worker. */
const HOME_LOCKS = ['temporal.lock', 'worker.lock'];

const CLI = fileURLToPath(new URL(`../cli${path.extname(import.meta.url)}`, import.meta.url));

export interface BackgroundRequest {
  home: string;
  env: NodeJS.ProcessEnv;
  onProgress: (message: string) => void;
}

/** Brings up `belay dev` beside this process, for as long as anyone uses it. One that another process has just started is used too. */
export async function startInBackground(request: BackgroundRequest): Promise<DevState> {
  const { home, onProgress } = request;
  for (const deadline = performance.now() + PATIENCE_MS; ;) {
    const failure = await start(request);
    const found = await readDevState(home);
    if (found) return found;
    if (failure?.code !== 'home_locked' || performance.now() > deadline) throw failure ?? vanished();
    onProgress('Another process of this home is starting or stopping: waiting for it.');
    const others = await servedByOther(home, deadline);
    if (others) return others;
  }
}

async function start({ home, env, onProgress }: BackgroundRequest): Promise<BelayError | undefined> {
  await mkdir(path.join(home, 'logs'), { recursive: true });
  await using log = await open(path.join(home, 'logs', 'dev.log'), 'a');
  // Its own session: Ctrl-C in this terminal is for us, not for it.
  const child = spawn(process.execPath, [CLI, 'dev', '--until-unused'], { detached: true, env, stdio: ['ignore', log.fd, log.fd, 'ipc'] });
  try {
    return await outcomeOf(child, onProgress);
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

/** A failure is told once the process has ended, and has let go of the home: who sees it may try again at once. */
async function outcomeOf(child: ChildProcess, onProgress: (message: string) => void): Promise<BelayError | undefined> {
  const outcome = Promise.withResolvers<BelayError | undefined>();
  let told: BelayError | undefined;
  let limit: NodeJS.Timeout | undefined;
  child.once('error', outcome.reject);
  // After its exit, and after all that it has said.
  child.once('close', (code, signal) => outcome.resolve(told ?? endedEarly(code, signal)));
  child.on('message', (message: BackgroundMessage) => {
    if (message.type === 'progress') return onProgress(message.message);
    if (message.type === 'ready') return outcome.resolve(undefined);
    told = new BelayError({ code: message.code, message: message.message, ...(message.hint ? { hint: message.hint } : {}) });
    limit = setTimeout(outcome.resolve, ENDING_MS, told);
  });
  try {
    return await outcome.promise;
  } finally {
    clearTimeout(limit);
  }
}

const endedEarly = (code: number | null, signal: NodeJS.Signals | null): BelayError =>
  new BelayError({
    code: 'internal',
    message: `The background process ended (${signal ?? `exit code ${code}`}) before it was ready.`,
    hint: 'See logs/dev.log in BELAY_HOME.',
  });

/** What becomes of the process that has the home: its servers come up, or it goes and leaves the home to us. */
async function servedByOther(home: string, deadline: number): Promise<DevState | undefined> {
  while (performance.now() < deadline) {
    const state = await readDevState(home);
    if (state) return state;
    await sleep(POLL_MS);
    if (!HOME_LOCKS.some((name) => isHeld(path.join(home, name)))) return undefined;
  }
  return undefined;
}

/** Good enough to know when to try again: the lock itself decides then. */
function isHeld(lock: string): boolean {
  const holder = lockHolder(lock);
  return holder !== undefined && isAlive(holder.pid);
}

const vanished = (): BelayError =>
  new BelayError({
    code: 'temporal_unreachable',
    message: 'The background process is up but cannot be found.',
    hint: 'See logs/dev.log in BELAY_HOME.',
  });
