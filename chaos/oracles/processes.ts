import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** A process as /proc shows it. */
export interface SeenProcess {
  pid: number;
  ppid: number;
  argv: string[];
}

/** Every process of this machine that is not dead already. */
export function seenProcesses(): SeenProcess[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
      return state === 'Z' ? [] : [{ pid, ppid: Number(ppid), argv }];
    } catch {
      // Gone since the folder was listed.
      return [];
    }
  });
}

/** A process and all below it, as they are now. */
export function treeOf(root: number, table = seenProcesses()): number[] {
  const found = [root];
  for (let at = 0; at < found.length; at++) found.push(...table.filter(({ ppid }) => ppid === found[at]).map(({ pid }) => pid));
  return found;
}

/** Agents at work for one of these homes, by their run. */
export function agentsByRun(homes: readonly string[], table = seenProcesses()): Map<string, number[]> {
  const isAgent = ({ argv: [, program = '', call = ''] }: SeenProcess): boolean =>
    program.endsWith('/scripted-agent.ts') && homes.some((home) => call.includes(`${home}/`));
  const found = table.filter(isAgent);
  // A child looks like its parent until it has become another program.
  const roots = found.filter(({ ppid }) => !found.some(({ pid }) => pid === ppid));
  const runOf = ({ argv }: SeenProcess): string => /\/runs\/([^/"]+)\//.exec(argv[2] ?? '')?.[1] ?? 'unknown';
  return new Map([...Map.groupBy(roots, runOf)].map(([run, agents]) => [run, agents.map(({ pid }) => pid)]));
}

/** Processes that have to do with a folder: by an argument, a variable they were started with, or where they work. */
export function processesOf(folder: string): SeenProcess[] {
  return seenProcesses().filter(
    (each) => each.pid !== process.pid && (each.argv.some((word) => word.includes(folder)) || livesIn(each.pid, folder)),
  );
}

function livesIn(pid: number, folder: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) || readFileSync(`/proc/${pid}/environ`, 'latin1').includes(folder);
  } catch {
    return false;
  }
}

/** Ports of a range on which somebody listens. */
export function listeningPorts({ first, last }: { first: number; last: number }): number[] {
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => readFileSync(file, 'utf8').split('\n').slice(1));
  const ports = lines.map((line) => line.trim().split(/\s+/)).filter((fields) => fields[3] === '0A');
  return ports.map((fields) => Number.parseInt(fields[1]?.split(':')[1] ?? '0', 16)).filter((port) => port >= first && port <= last);
}
