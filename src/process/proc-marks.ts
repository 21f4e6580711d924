import { closeSync, openSync, readSync, readdirSync, statSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Linux: so many processes are looked at in one go; then others of this thread have their turn. */
const AT_ONCE = 250;
/** Processes that appeared during a look with pauses are looked at too, as often as that. */
const MAX_ROUNDS = 5;

let environment = Buffer.allocUnsafe(64 * 1024);
const wanted = new Map<string, PromiseWithResolvers<number[]>>();
let looking: Promise<void> | undefined;

export const procPids = (): number[] => readdirSync('/proc').map(Number).filter(Number.isInteger);

/**
 * The processes with `mark` in the environment they were started with. One look at a time, for all who have asked by its beginning: many
 * trees that end at once do not each read every process of the machine.
 */
export async function procMarked(mark: string): Promise<number[]> {
  const asked = wanted.get(mark) ?? Promise.withResolvers<number[]>();
  wanted.set(mark, asked);
  looking ??= lookUntilAnswered();
  return asked.promise;
}

async function lookUntilAnswered(): Promise<void> {
  while (wanted.size > 0) {
    const asked = new Map(wanted);
    wanted.clear();
    try {
      const found = await look([...asked.keys()]);
      for (const [mark, { resolve }] of asked) resolve(found.get(mark) ?? []);
    } catch (error) {
      for (const { reject } of asked.values()) reject(error);
    }
  }
  looking = undefined;
}

async function look(marks: readonly string[]): Promise<Map<string, number[]>> {
  const found = new Map(marks.map((mark) => [mark, [] as number[]]));
  const ends = marks.map((mark) => [mark, Buffer.from(`${mark}\0`)] as const);
  const seen = new Set<number>();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const pids = procPids().filter((pid) => !seen.has(pid));
    for (const [index, pid] of pids.entries()) {
      if (index > 0 && index % AT_ONCE === 0) await nextTurn();
      seen.add(pid);
      const read = environmentOf(pid);
      for (const [mark, end] of ends) if (read && holds(read, end)) found.get(mark)?.push(pid);
    }
    // In one go nothing of this thread came between; after a pause a marked process may have passed its mark on and ended unseen.
    if (pids.length <= AT_ONCE) break;
  }
  return found;
}

/** A whole variable: at the beginning, or after the end of another. */
function holds(read: Buffer, variable: Buffer): boolean {
  for (let at = read.indexOf(variable); at !== -1; at = read.indexOf(variable, at + 1)) if (at === 0 || read[at - 1] === 0) return true;
  return false;
}

/** Undefined for one that is gone or another user's. Valid until the next call: there is one buffer for all. */
function environmentOf(pid: number): Buffer | undefined {
  if (!mayRead(pid)) return undefined;
  let file: number | undefined;
  try {
    file = openSync(`/proc/${pid}/environ`, 'r');
    let length = 0;
    for (;;) {
      const read = readSync(file, environment, length, environment.length - length, null);
      length += read;
      if (read === 0 || length < environment.length) break;
      environment = Buffer.concat([environment], environment.length * 2);
    }
    return environment.subarray(0, length);
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Asked first, because a refusal costs several times as much. */
function mayRead(pid: number): boolean {
  const user = process.geteuid?.();
  return user === 0 || statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === user;
}
