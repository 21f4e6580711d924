import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { procMarked, procPids } from './proc-marks.ts';

/** Environment variables by which the processes of a boot, of a tree, and of a helper that starts git are recognised. */
export const BOOT_MARK = 'BELAY_BOOT';
export const TREE_MARK = 'BELAY_TREE';
export const HELPER_MARK = 'BELAY_HELPER';

const ps = promisify(execFile);
const hasProc = process.platform === 'linux';
const RESCAN_MS = 10;

export interface ProcessInfo {
  pid: number;
  ppid: number;
}

/** Every process that this user can see. */
export async function processTable(): Promise<ProcessInfo[]> {
  return hasProc ? procPids().flatMap(readStat) : await psTable();
}

/** The processes below a root by parentage, without the root itself; of many roots in one table. */
export function descendantsIn(table: readonly ProcessInfo[]): (root: number) => number[] {
  const children = Map.groupBy(table, ({ ppid }) => ppid);
  return (root) => {
    const found = new Set([root]);
    // A set is gone through in the order in which it grows.
    for (const parent of found) for (const { pid } of children.get(parent) ?? []) found.add(pid);
    return [...found].slice(1);
  };
}

export const descendants = (table: readonly ProcessInfo[], root: number): number[] => descendantsIn(table)(root);

/** Processes with `mark` (`NAME=value`) in the environment they were started with. Never this process. */
export async function markedProcesses(mark: string): Promise<number[]> {
  const pids = hasProc ? await procMarked(mark) : await psMarked(mark);
  return pids.filter((pid) => pid !== process.pid);
}

export interface Ending {
  killed: number;
  /** Still there when the time was over. */
  survivors: number[];
}

/** SIGKILLs every marked process, again and again until none is left: they may fork while we look. */
export async function endMarked(mark: string, { timeoutMs = 5000 }: { timeoutMs?: number } = {}): Promise<Ending> {
  const deadline = performance.now() + timeoutMs;
  const killed = new Set<number>();
  for (;;) {
    const survivors = await markedProcesses(mark);
    if (survivors.length === 0 || performance.now() >= deadline) return { killed: killed.size, survivors };
    for (const pid of survivors) {
      sendSignal(pid, 'SIGKILL');
      killed.add(pid);
    }
    await sleep(RESCAN_MS);
  }
}

/** Sends a signal to a process, or to a group by its negative number. One that is gone already is fine. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // EPERM: it runs as somebody else by now, or (macOS) the group holds only zombies.
    if (!isErrno(error, 'ESRCH') && !isErrno(error, 'EPERM')) throw error;
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function readStat(pid: number): ProcessInfo[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may itself hold spaces and parentheses.
    const [, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [{ pid, ppid: Number(ppid) }];
  } catch {
    // Gone since the folder was listed.
    return [];
  }
}

async function psTable(): Promise<ProcessInfo[]> {
  const { stdout } = await ps('/bin/ps', ['-axo', 'pid=,ppid='], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split('\n').flatMap((line) => {
    const [pid, ppid] = line.trim().split(/\s+/).map(Number);
    return pid && ppid !== undefined ? [{ pid, ppid }] : [];
  });
}

/** macOS shows the environment of the user's own programs with `-E`, but not of its protected system programs. */
async function psMarked(mark: string): Promise<number[]> {
  const { stdout } = await ps('/bin/ps', ['-axEww', '-o', 'pid=,command='], { maxBuffer: 64 * 1024 * 1024 });
  return stdout
    .split('\n')
    .filter((line) => `${line} `.includes(` ${mark} `))
    .map((line) => Number.parseInt(line, 10));
}
