import { randomUUID } from 'node:crypto';
import { runChild } from './child.ts';
import type { Forbidden } from './concealed-stream.ts';
import { chooseIsolation } from './isolation.ts';
import type { IsolationName } from './isolation.ts';
import type { MemoryWatch } from './memory-watch.ts';
import type { ProcessEnd, ProcessRequest } from './process-request.ts';
import type { ProcessorShares } from './processor-shares.ts';
import { startChild } from './start-child.ts';
import type { StartChild } from './start-child.ts';
import { BOOT_MARK, endMarked } from './process-table.ts';

/** Child processes that end with their descendants, and with this process, however either of them ends. */
export interface ProcessTrees extends AsyncDisposable {
  readonly isolation: IsolationName;
  /**
   * Runs one tree to its end. Rejects for mistakes of the caller, for what is wrong with this machine, and with the reason for which a tree
   * was ended because of its memory; never for anything else that the child does.
   */
  run(request: ProcessRequest): Promise<ProcessEnd>;
  /** Ends everything that was started here; the runs end as `cancelled`. */
  killAll(): Promise<void>;
}

/** What trees may take of this machine, workspace by workspace. */
export interface Bounds {
  /** The workspace that a folder is in. What is started elsewhere is not bounded. */
  workspaceOf: (folder: string) => string | undefined;
  memory: MemoryWatch;
  processors?: ProcessorShares | undefined;
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
  bounds?: Bounds | undefined;
  /** How children are started: by this process unless told. */
  start?: StartChild | undefined;
  /** What is taken out of all that children write. */
  forbidden?: Forbidden | undefined;
}

/** Starts what keeps trees together on this machine: see isolation.ts. */
export async function createProcessTrees(options: ProcessTreesOptions): Promise<ProcessTrees> {
  const { bootId, graceMs = 2000, bounds, start = startChild, forbidden } = options;
  const isolation = await chooseIsolation(options);
  const closing = new AbortController();
  const running = new Set<Promise<ProcessEnd>>();
  let everything = new AbortController();

  const run = async (request: ProcessRequest): Promise<ProcessEnd> => {
    closing.signal.throwIfAborted();
    const signals = [everything.signal, ...(request.signal ? [request.signal] : [])];
    const child = runChild(
      { ...request, signal: AbortSignal.any(signals) },
      { bootId, treeId: randomUUID(), graceMs, isolation, bounds, start, forbidden },
    );
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
