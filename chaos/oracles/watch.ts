import { agentsByRun } from './processes.ts';

/** More than one agent of a run at a time. */
export interface Overlap {
  run: string;
  at: number;
  pids: number[];
}

export interface AgentWatch extends Disposable {
  readonly overlaps: readonly Overlap[];
  /** When an agent of a run was last seen alive. */
  readonly lastSeen: ReadonlyMap<string, number>;
}

const LOOK_EVERY_MS = 150;

/** Looks at the machine's processes all the time, for agents of these homes. */
export function watchAgents(homes: readonly string[]): AgentWatch {
  const overlaps: Overlap[] = [];
  const lastSeen = new Map<string, number>();
  const timer = setInterval(() => {
    const at = Date.now();
    for (const [run, pids] of agentsByRun(homes)) {
      lastSeen.set(run, at);
      if (pids.length > 1) overlaps.push({ run, at, pids });
    }
  }, LOOK_EVERY_MS);
  return { overlaps, lastSeen, [Symbol.dispose]: () => clearInterval(timer) };
}
