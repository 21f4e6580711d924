import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { endMarked, markedProcesses, sendSignal } from '../process/process-table.ts';

const MARK = 'BELAY_TEMPORAL_SERVER';
/** A graceful stop takes 1.3 s, of which the server waits one; open polls would hold it up for a minute, and killing it then loses nothing. */
const STOP_MS = 8000;
const RESCAN_MS = 20;

/**
 * Ends the server when this process ends, however: its standard input is a pipe from us, and the kernel closes that.
 * The SDK's own ephemeral server outlives a killed owner, and is itself stopped by SIGKILL only.
 */
const GUARD = `
umask 077
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ read -r _ <&3; kill "$server"; } 2>/dev/null &
watcher=$!
exec 3<&-
wait "$server"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
`;

export interface ServerProcessRequest {
  file: string;
  args: string[];
  home: string;
  logFd: number;
}

export interface ServerProcess {
  /** Settles when the process and its guard are gone. */
  readonly ended: Promise<void>;
  /** Ends it gracefully, by force if it must be. */
  stop(): Promise<void>;
}

export function startServerProcess({ file, args, home, logFd }: ServerProcessRequest): ServerProcess {
  const guard = spawn('/bin/sh', ['-c', GUARD, 'belay-temporal', file, ...args], {
    cwd: home,
    // Nothing of ours: neither secrets nor settings for Temporal's own CLI.
    env: { HOME: home, PATH: '/usr/bin:/bin', ...mark(home) },
    // A session of its own: a terminal's Ctrl-C is for us, who then stop it in order.
    detached: true,
    stdio: ['pipe', logFd, logFd],
  });
  const ended = new Promise<void>((resolve) => {
    guard.once('exit', () => resolve());
    guard.once('error', () => resolve());
  });
  // Its end is seen by the exit; nothing is ever written to this pipe.
  guard.stdin?.on('error', () => {});
  const stop = async (): Promise<void> => {
    guard.stdin?.end();
    const done = new AbortController();
    const late = sleep(STOP_MS, 'late', { signal: done.signal }).catch(() => 'stopped');
    if ((await Promise.race([ended.then(() => 'stopped'), late])) === 'late' && guard.pid) sendSignal(-guard.pid, 'SIGKILL');
    done.abort();
    await ended;
  };
  return { ended, stop };
}

/** Waits for a server whose owner was killed a moment ago; one that does not end by itself is killed. */
export async function endFormerServer(home: string): Promise<void> {
  const [[name, value] = ['', '']] = Object.entries(mark(home));
  const former = `${name}=${value}`;
  const deadline = performance.now() + STOP_MS;
  while ((await markedProcesses(former)).length > 0) {
    if (performance.now() > deadline) {
      await endMarked(former);
      return;
    }
    await sleep(RESCAN_MS);
  }
}

/** By a hash: paths may hold anything, and the mark is found by searching. */
function mark(home: string): Record<string, string> {
  return { [MARK]: createHash('sha256').update(home).digest('hex').slice(0, 16) };
}
