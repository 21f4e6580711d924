import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorCode } from '../contracts/errors.ts';
import { BelayError } from '../contracts/errors.ts';
import type { DevState } from '../temporal/state-file.ts';
import { readDevState } from '../temporal/state-file.ts';

/** What the background process tells the one that started it. */
export type BackgroundMessage =
  | { type: 'progress'; message: string }
  | { type: 'ready' }
  | { type: 'failed'; code: ErrorCode; message: string; hint?: string };

const CLI = fileURLToPath(new URL('../cli.ts', import.meta.url));

export interface BackgroundRequest {
  home: string;
  env: NodeJS.ProcessEnv;
  onProgress: (message: string) => void;
}

/** Brings up `belay dev` beside this process, for as long as anyone uses it. One that another process has just started is used too. */
export async function startInBackground({ home, env, onProgress }: BackgroundRequest): Promise<DevState> {
  await mkdir(path.join(home, 'logs'), { recursive: true });
  await using log = await open(path.join(home, 'logs', 'dev.log'), 'a');
  // Its own session: Ctrl-C in this terminal is for us, not for it.
  const child = spawn(process.execPath, [CLI, 'dev', '--until-unused'], { detached: true, env, stdio: ['ignore', log.fd, log.fd, 'ipc'] });
  try {
    const failure = await outcomeOf(child, onProgress);
    if (failure && failure.code !== 'home_locked') throw failure;
    return await stateOf(home, failure);
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function outcomeOf(child: ChildProcess, onProgress: (message: string) => void): Promise<BelayError | undefined> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      resolve(
        new BelayError({
          code: 'internal',
          message: `The background process ended (${signal ?? `exit code ${code}`}) before it was ready.`,
          hint: 'See logs/dev.log in BELAY_HOME.',
        }),
      ),
    );
    child.on('message', (message: BackgroundMessage) => {
      if (message.type === 'progress') onProgress(message.message);
      else if (message.type === 'ready') resolve(undefined);
      else resolve(new BelayError({ code: message.code, message: message.message, ...(message.hint ? { hint: message.hint } : {}) }));
    });
  });
}

/** Another process was quicker and may still be starting (it may have to build Temporal first): its state file says when it is up. */
async function stateOf(home: string, locked: BelayError | undefined): Promise<DevState> {
  for (let waited = 0; waited < 600; waited++) {
    const state = await readDevState(home);
    if (state) return state;
    if (!locked) break;
    await sleep(500);
  }
  throw (
    locked ??
    new BelayError({
      code: 'temporal_unreachable',
      message: 'The background process is up but cannot be found.',
      hint: 'See logs/dev.log in BELAY_HOME.',
    })
  );
}
