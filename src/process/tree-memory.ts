import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const ps = promisify(execFile);
const KIB = 1024;

/** How much memory processes have together, in bytes. Where that comes near to `limitBytes`, what they share counts once. */
export async function memoryOf(pids: readonly number[], limitBytes: number): Promise<number> {
  if (process.platform !== 'linux') return psMemory(pids);
  const resident = sum(pids, residentOf);
  // What processes share, such as a program's own code, counts for each of them there: the exact number costs more, and is asked for when it matters.
  return resident > limitBytes ? sum(pids, proportionalOf) : resident;
}

const sum = (pids: readonly number[], of: (pid: number) => number): number => pids.reduce((total, pid) => total + of(pid), 0);

const residentOf = (pid: number): number => kibibytes(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB$/m);
/** Not everybody may read it of every process: then all that is resident counts. */
const proportionalOf = (pid: number): number => kibibytes(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+) kB$/m) || residentOf(pid);

function kibibytes(file: string, line: RegExp): number {
  try {
    return Number(line.exec(readFileSync(file, 'latin1'))?.[1] ?? 0) * KIB;
  } catch {
    // It has ended meanwhile, or is another user's by now.
    return 0;
  }
}

async function psMemory(pids: readonly number[]): Promise<number> {
  if (pids.length === 0) return 0;
  // Without any of them it fails, and has printed nothing.
  const { stdout } = await ps('/bin/ps', ['-o', 'rss=', '-p', pids.join(',')]).catch(() => ({ stdout: '' }));
  return stdout.split('\n').reduce((total, line) => total + Number(line.trim()) * KIB, 0);
}
