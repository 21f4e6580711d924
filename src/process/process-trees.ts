import { randomUUID } from 'node:crypto';
import { runChild } from './child.ts';
import { chooseIsolation } from './isolation.ts';
import type { IsolationName } from './isolation.ts';
import type { ProcessEnd, ProcessRequest } from './process-request.ts';
import { BOOT_MARK, endMarked } from './process-table.ts';

/** Child processes that end with their descendants, and with this process, however either of them ends. */
export interface ProcessTrees extends AsyncDisposable {
  readonly isolation: IsolationName;
  /** Runs one tree to its end. Rejects only for mistakes of the caller and of this machine, never for what the child does. */
  run(request: ProcessRequest): Promise<ProcessEnd>;
  /** Ends everything that was started here; the runs end as `cancelled`. */
  killAll(): Promise<void>;
}

export interface ProcessTreesOptions {
  /** Unique for this start of this process. */
  bootId: string;
  /** `auto`: a namespace where bubblewrap works, else the reaper. */
  isolation?: IsolationName | 'auto';
  /** Between SIGTERM and SIGKILL. Default 2 s. */
  graceMs?: number;
  /** The `bwrap` program; otherwise looked for in the system's folders. */
  bwrapPath?: string;
}

/** Starts what keeps trees together on this machine: see isolation.ts. */
export async function createProcessTrees(options: ProcessTreesOptions): Promise<ProcessTrees> {
  const { bootId, graceMs = 2000 } = options;
  const isolation = await chooseIsolation(options);
  const closing = new AbortController();
  const running = new Set<Promise<ProcessEnd>>();
  let everything = new AbortController();

  const run = async (request: ProcessRequest): Promise<ProcessEnd> => {
    closing.signal.throwIfAborted();
    const signals = [everything.signal, ...(request.signal ? [request.signal] : [])];
    const child = runChild({ ...request, signal: AbortSignal.any(signals) }, { bootId, treeId: randomUUID(), graceMs, isolation });
    running.add(child);
    return child.finally(() => running.delete(child));
  };

  const killAll = async (): Promise<void> => {
    const ending = everything;
    everything = new AbortController();
    ending.abort();
    await Promise.allSettled(running);
    await endMarked(`${BOOT_MARK}=${bootId}`);
  };

  return {
    isolation: isolation.name,
    run,
    killAll,
    async [Symbol.asyncDispose]() {
      closing.abort(new Error('These process trees are closed'));
      await killAll();
      await isolation[Symbol.asyncDispose]();
    },
  };
}

/** Kills what an earlier boot left behind, and says how many that were. For the start of a worker, before anything else. */
export async function reapBoot(bootId: string): Promise<number> {
  const { killed } = await endMarked(`${BOOT_MARK}=${bootId}`);
  return killed;
}
