import { BelayError } from '../contracts/errors.ts';
import { hostMemory } from './host-memory.ts';
import type { HostMemory } from './host-memory.ts';
import { descendantsIn, markedProcesses, processTable } from './process-table.ts';
import { memoryOf } from './tree-memory.ts';

export interface MemoryLimits {
  /** How much of the machine's memory may be in use, of 1. */
  hostShare: number;
  /** How much all processes of one workspace may have together. */
  workspaceBytes: number;
}

export interface MemoryWatchOptions extends MemoryLimits {
  /** How the machine is called in messages. */
  host: string;
  everyMs?: number;
  /** It could not look; it does so again. */
  onProblem: (error: unknown, message: string) => void;
  /** Only for tests, which cannot fill a machine. */
  readHost?: () => HostMemory;
}

/** A tree of processes that works in a workspace. */
export interface WatchedTree {
  workspace: string;
  root: number;
  /** What else its processes are known by, where parentage is not enough. */
  mark?: string;
}

/** Sees to it that workspaces do not use up the machine's memory. */
export interface MemoryWatch extends Disposable {
  /** A workspace has been let in; until disposed of. Those let in last give way first. */
  admit(workspace: string): Disposable;
  /** Why there is no room for one more workspace, in words; undefined where there is. The first one always has room. */
  shortage(): string | undefined;
  /** Follows a tree until disposed of. `end` is called once at most, with the reason: `workspace_memory_exceeded` or `host_memory_short`. */
  follow(tree: WatchedTree, end: (reason: BelayError) => void): Disposable;
  memory(): HostMemory;
}

interface Followed extends WatchedTree {
  end: (reason: BelayError) => void;
  isEnding: boolean;
}

const EVERY_MS = 2000;
/** A peak that is over at the next look is nothing to end work for. */
const LOOKS_IN_A_ROW = 2;
/** A workspace that gave way may come back when it is its turn: there may be room by then. */
const AGAIN_MS = 5000;

export const createMemoryWatch = (options: MemoryWatchOptions): MemoryWatch => new Watch(options);

class Watch implements MemoryWatch {
  readonly #options: MemoryWatchOptions;
  readonly #admitted: string[] = [];
  readonly #trees = new Set<Followed>();
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #looksOver = 0;
  readonly memory: () => HostMemory;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
    this.memory = options.readHost ?? hostMemory;
  }

  admit(workspace: string): Disposable {
    this.#admitted.push(workspace);
    let isOut = false;
    return {
      [Symbol.dispose]: () => {
        if (!isOut) this.#admitted.splice(this.#admitted.indexOf(workspace), 1);
        isOut = true;
      },
    };
  }

  shortage(): string | undefined {
    if (this.#admitted.length === 0) return undefined;
    const { host, hostShare, workspaceBytes } = this.#options;
    const { usedBytes, totalBytes } = this.memory();
    if (usedBytes + workspaceBytes <= hostShare * totalBytes) return undefined;
    return `${host} has ${gib(usedBytes)} of ${gib(totalBytes)} GiB of memory in use, and one more workspace may need ${gib(workspaceBytes)}: more than ${percent(hostShare)}.`;
  }

  follow(tree: WatchedTree, end: (reason: BelayError) => void): Disposable {
    const followed = { ...tree, end, isEnding: false };
    this.#trees.add(followed);
    this.#lookLater();
    return { [Symbol.dispose]: () => void this.#trees.delete(followed) };
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #lookLater(): void {
    if (this.#isOver || this.#timer || this.#trees.size === 0) return;
    this.#timer = setTimeout(() => void this.#look(), this.#options.everyMs ?? EVERY_MS);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    try {
      await this.#endGreedy();
      this.#relieve();
    } catch (error) {
      this.#options.onProblem(error, 'The memory of workspaces could not be looked at');
    }
    this.#timer = undefined;
    this.#lookLater();
  }

  async #endGreedy(): Promise<void> {
    const { workspaceBytes } = this.#options;
    const below = descendantsIn(await processTable());
    // Asked for together: one look finds the marks of all.
    const members = await Promise.all(
      [...this.#trees].map(async ({ workspace, root, mark }) => ({
        workspace,
        pids: [root, ...below(root), ...(mark ? await markedProcesses(mark) : [])],
      })),
    );
    for (const [workspace, trees] of Map.groupBy(members, (tree) => tree.workspace)) {
      const pids = new Set(trees.flatMap((tree) => tree.pids));
      const bytes = await memoryOf([...pids], workspaceBytes);
      if (bytes > workspaceBytes) this.#end(workspace, exceeded(bytes, workspaceBytes));
    }
  }

  /** The newest gives way, unless it is alone: then nobody would be left to go on. */
  #relieve(): void {
    const { host, hostShare } = this.#options;
    const { usedBytes, totalBytes } = this.memory();
    this.#looksOver = usedBytes > hostShare * totalBytes ? this.#looksOver + 1 : 0;
    const trees = [...this.#trees];
    if (this.#looksOver < LOOKS_IN_A_ROW || trees.some(({ isEnding }) => isEnding)) return;
    const atWork = this.#admitted.filter((workspace) => trees.some((tree) => tree.workspace === workspace));
    const newest = atWork.at(-1);
    if (newest === undefined || atWork.length < 2) return;
    this.#looksOver = 0;
    this.#end(newest, short({ usedBytes, totalBytes }, { host, hostShare }));
  }

  #end(workspace: string, reason: BelayError): void {
    for (const tree of this.#trees) {
      if (tree.workspace !== workspace || tree.isEnding) continue;
      tree.isEnding = true;
      tree.end(reason);
    }
  }
}

function exceeded(bytes: number, limitBytes: number): BelayError {
  return new BelayError({
    code: 'workspace_memory_exceeded',
    message: `The processes of this workspace had ${mib(bytes)} MiB of memory together, more than the ${mib(limitBytes)} MiB that they may, and were ended.`,
  });
}

function short({ usedBytes, totalBytes }: HostMemory, { host, hostShare }: { host: string; hostShare: number }): BelayError {
  return new BelayError({
    code: 'host_memory_short',
    message: `${host} had ${gib(usedBytes)} of ${gib(totalBytes)} GiB of memory in use, more than ${percent(hostShare)}: this run, the newest at work there, gave way.`,
    retryAt: new Date(Date.now() + AGAIN_MS),
  });
}

const gib = (bytes: number): string => (bytes / 1024 ** 3).toFixed(1);
const mib = (bytes: number): string => String(Math.round(bytes / 1024 ** 2));
const percent = (share: number): string => `${Math.round(share * 100)} %`;
