import { lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { BelayError } from '../contracts/errors.ts';
import { startTimeOf } from '../process/start-time.ts';
import { acquireLock } from '../process/exclusive-lock.ts';

/** Who holds a port on this machine. */
export interface PortClaim {
  port: number;
  pid: number;
  /** Tells a process from a later one with its pid; empty where the system does not say. */
  startTime: string;
  home: string;
  runId: string;
}

/** One folder for all homes of a user on this machine. */
export const defaultClaimsFolder = (): string => join(tmpdir(), `belay-ports-${process.getuid?.() ?? 'all'}`);

/** Claims are milliseconds of work. */
const WAIT_MS = 10_000;

const turn = pLimit(1);

/** Claims are compared and changed by one process of the machine at a time. */
export async function whileClaimsLocked<T>(
  { folder, signal }: { folder: string; signal?: AbortSignal | undefined },
  work: () => Promise<T>,
): Promise<T> {
  return turn(async () => {
    await openClaimsFolder(folder);
    using _lock = await acquireLock({ path: join(folder, 'lock'), waitMs: WAIT_MS, ...(signal && { signal }) });
    return await work();
  });
}

/** Makes the folder, and refuses one that somebody else put there. */
async function openClaimsFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found = await lstat(folder);
  if (found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid())) return;
  throw new BelayError({
    code: 'ports_exhausted',
    message: `${folder}, where the ports of this machine are kept, belongs to somebody else`,
    hint: 'Remove it, or set TMPDIR to a folder of your own.',
  });
}

/** A file that cannot be read as a claim stands for no claim: it is taken over like a stale one. */
export async function readClaim(folder: string, port: number): Promise<PortClaim | undefined> {
  const text = await readFile(claimPath(folder, port), 'utf8').catch(() => '');
  try {
    const claim: unknown = JSON.parse(text);
    return isClaim(claim) ? { ...claim, port } : undefined;
  } catch {
    return undefined;
  }
}

export async function listClaims(folder: string): Promise<PortClaim[]> {
  const names = await readdir(folder).catch(() => []);
  const ports = names.filter((name) => /^\d+\.json$/.test(name)).map((name) => Number.parseInt(name, 10));
  const claims = await Promise.all(ports.map((port) => readClaim(folder, port)));
  return claims.filter((claim) => claim !== undefined);
}

/** Only while the folder is locked. */
export async function writeClaim(folder: string, claim: PortClaim): Promise<void> {
  await writeFile(claimPath(folder, claim.port), `${JSON.stringify(claim)}\n`, { mode: 0o600 });
}

/** Only while the folder is locked. */
export async function removeClaim(folder: string, port: number): Promise<void> {
  await rm(claimPath(folder, port), { force: true });
}

/** Is the process that made the claim still there? */
export async function isHeld({ pid, startTime }: PortClaim): Promise<boolean> {
  const present = await startTimeOf(pid);
  return present !== undefined && (startTime === '' || present === '' || present === startTime);
}

const claimPath = (folder: string, port: number): string => join(folder, `${port}.json`);

function isClaim(value: unknown): value is PortClaim {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, startTime, home, runId } = value as Partial<PortClaim>;
  return Number.isInteger(pid) && [startTime, home, runId].every((text) => typeof text === 'string');
}
