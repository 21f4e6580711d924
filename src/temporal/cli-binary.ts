import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { BelayError } from '../contracts/errors.ts';
import { cacheFolder } from '../cache-folder.ts';
import { findExecutable } from '../process/executable.ts';
import { LockBusyError, acquireLock } from '../process/exclusive-lock.ts';
import type { Lock } from '../process/exclusive-lock.ts';
import { buildCli } from './cli-build.ts';
import { downloadCli } from './cli-download.ts';
import { compareVersions } from './versions.ts';

/** The version that Belay brings along, with server 1.29.1. */
export const TEMPORAL_CLI_VERSION = '1.5.1';
/** The first server with fairness keys and strict priorities. */
const OLDEST_SERVER = '1.29.0';

const PROBE_MS = 20_000;
const TEMPORARY = '.tmp-';

export interface TemporalCli {
  path: string;
  version: string;
  /** The version of the server inside: the database belongs to it. */
  serverVersion: string;
  source: 'configured' | 'path' | 'cache' | 'downloaded' | 'built';
}

/** What is going on, for a person who waits. */
export interface CliProgress {
  phase: 'looking' | 'waiting' | 'downloading' | 'building';
  message: string;
}

export interface FindTemporalCliRequest {
  /** BELAY_TEMPORAL_CLI. */
  explicit?: string | undefined;
  /** This process's environment: for PATH, and for what `go` and a download need (proxies, HOME). */
  env: NodeJS.ProcessEnv;
  /** See `temporalCacheDir`. */
  cacheDir: string;
  onProgress?: (progress: CliProgress) => void;
  signal?: AbortSignal;
}

export interface InstallRequest {
  version: string;
  /** An empty folder: the program is put there as `temporal`. */
  into: string;
  env: NodeJS.ProcessEnv;
  onProgress: (progress: CliProgress) => void;
  signal?: AbortSignal;
}

/** One way to get the program. Rejects with the reason where it is not possible here. */
export interface CliInstaller {
  source: 'downloaded' | 'built';
  install(request: InstallRequest): Promise<void>;
}

const INSTALLERS: readonly CliInstaller[] = [
  { source: 'downloaded', install: downloadCli },
  { source: 'built', install: buildCli },
];

/** Where Temporal's CLI is kept for all homes of a user, so that a fresh BELAY_HOME needs no second download. */
export function temporalCacheDir(env: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), 'temporal');
}

/** The `temporal` program if this machine has a fitting one. Throws `BelayError` configuration_invalid when `explicit` is none. */
export async function locateTemporalCli(request: FindTemporalCliRequest): Promise<TemporalCli | undefined> {
  if (request.explicit) return await configured(request.explicit, request);
  return (await onPath(request)) ?? (await cached(request));
}

/** The `temporal` program: located, else downloaded, else built with Go. Throws `BelayError` temporal_not_installed. */
export async function findTemporalCli(request: FindTemporalCliRequest, installers = INSTALLERS): Promise<TemporalCli> {
  return (await locateTemporalCli(request)) ?? (await installed(request, installers));
}

async function configured(explicit: string, { env }: FindTemporalCliRequest): Promise<TemporalCli> {
  const refuse = (problem: string): BelayError =>
    new BelayError({
      code: 'configuration_invalid',
      message: `BELAY_TEMPORAL_CLI is ${explicit}, ${problem}.`,
      hint: `Set it to Temporal's CLI with server ${OLDEST_SERVER} or newer, or unset it to have Belay find one.`,
    });
  const path = findExecutable(explicit, { path: env['PATH'], cwd: process.cwd() });
  if (!path) throw refuse('which is not a program that can be run');
  const found = await probe(path);
  if (!found) throw refuse("which does not answer `--version` as Temporal's CLI does");
  if (!isSupported(found)) throw refuse(`which is version ${describe(found)}, too old`);
  return { ...found, source: 'configured' };
}

async function onPath({ env, onProgress }: FindTemporalCliRequest): Promise<TemporalCli | undefined> {
  const path = findExecutable('temporal', { path: env['PATH'], cwd: process.cwd() });
  if (!path) return undefined;
  const found = await probe(path);
  if (found && isSupported(found)) return { ...found, source: 'path' };
  const problem = found ? `is version ${describe(found)}, too old for Belay` : "is not Temporal's CLI";
  onProgress?.({ phase: 'looking', message: `${path} ${problem}: looking further` });
  return undefined;
}

async function cached({ cacheDir }: FindTemporalCliRequest): Promise<TemporalCli | undefined> {
  const path = findExecutable(cachedPath(cacheDir), { cwd: cacheDir });
  const found = path && (await probe(path));
  return found ? { ...found, source: 'cache' } : undefined;
}

const cachedPath = (cacheDir: string): string => join(cacheDir, TEMPORAL_CLI_VERSION, 'temporal');

/** Gets the program once, however many processes start at the same time. */
async function installed(request: FindTemporalCliRequest, installers: readonly CliInstaller[]): Promise<TemporalCli> {
  const { cacheDir } = request;
  await mkdir(cacheDir, { recursive: true });
  using _lock = await installLock(request);
  const present = await cached(request);
  if (present) return present;
  await removeLeftovers(cacheDir);
  const into = await mkdtemp(join(cacheDir, TEMPORARY));
  try {
    const { path: made, ...found } = await firstToWork(installers, { request, into });
    const path = cachedPath(cacheDir);
    await mkdir(join(cacheDir, TEMPORAL_CLI_VERSION), { recursive: true });
    await rename(made, path);
    return { ...found, path };
  } finally {
    await rm(into, { recursive: true, force: true });
  }
}

async function installLock({ cacheDir, onProgress, signal }: FindTemporalCliRequest): Promise<Lock> {
  const path = join(cacheDir, 'install.lock');
  try {
    return await acquireLock({ path, waitMs: 0 });
  } catch (error) {
    if (!(error instanceof LockBusyError)) throw error;
  }
  onProgress?.({ phase: 'waiting', message: `waiting for another Belay that is fetching Temporal ${TEMPORAL_CLI_VERSION}` });
  return acquireLock({ path, ...(signal && { signal }) });
}

/** What a killed installation left; whoever holds the lock is the only one here. */
async function removeLeftovers(cacheDir: string): Promise<void> {
  const leftovers = (await readdir(cacheDir)).filter((name) => name.startsWith(TEMPORARY));
  await Promise.all(leftovers.map((name) => rm(join(cacheDir, name), { recursive: true, force: true })));
}

async function firstToWork(
  installers: readonly CliInstaller[],
  { request, into }: { request: FindTemporalCliRequest; into: string },
): Promise<TemporalCli> {
  const { env, signal } = request;
  const onProgress = request.onProgress ?? (() => {});
  const reasons: Error[] = [];
  for (const { source, install } of installers) {
    try {
      await install({ version: TEMPORAL_CLI_VERSION, into, env, onProgress, ...(signal && { signal }) });
      const found = await probe(join(into, 'temporal'));
      if (found) return { ...found, source };
      throw new Error(`what was ${source} does not run on this machine`);
    } catch (error) {
      signal?.throwIfAborted();
      const reason = error instanceof Error ? error : new Error(String(error));
      reasons.push(reason);
      onProgress({ phase: 'looking', message: reason.message });
    }
  }
  throw notInstalled(reasons);
}

function notInstalled(reasons: Error[]): BelayError {
  const tried = reasons.map(({ message }) => message).join('; ');
  return new BelayError({
    code: 'temporal_not_installed',
    message: `Temporal's CLI is not on this machine and could not be fetched: ${tried}.`,
    hint:
      `Install Temporal's CLI ${TEMPORAL_CLI_VERSION} (https://docs.temporal.io/cli) so that \`temporal\` is on the PATH or BELAY_TEMPORAL_CLI names it, ` +
      'or install Go 1.25 or newer and try again, or set TEMPORAL_ADDRESS to a Temporal service that is running.',
    cause: new AggregateError(reasons),
  });
}

type Probed = Omit<TemporalCli, 'source'>;

/** What the program says it is; undefined if it is not Temporal's CLI. */
async function probe(path: string): Promise<Probed | undefined> {
  const { stdout } = await execa(path, ['--version'], { reject: false, timeout: PROBE_MS, stdin: 'ignore' });
  const [, version, serverVersion] = /^temporal version (\S+) \(Server (\d+\.\d+\.\d+)/.exec(stdout) ?? [];
  return version && serverVersion ? { path, version, serverVersion } : undefined;
}

/** By the server: programs built with Go alone call themselves 0.0.0-DEV. */
function isSupported({ serverVersion }: Probed): boolean {
  return compareVersions(serverVersion, OLDEST_SERVER) >= 0;
}

function describe({ version, serverVersion }: Probed): string {
  return `${version} (server ${serverVersion})`;
}
