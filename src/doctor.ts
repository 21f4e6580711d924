import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { styleText } from 'node:util';
import { execa } from 'execa';
import type { Config } from './config.ts';
import { BelayError } from './contracts/errors.ts';
import { repositorySlug } from './contracts/repository.ts';
import type { RepositoryRef } from './contracts/repository.ts';
import { plainText } from './contracts/text.ts';
import { judgeRoles } from './doctor-worker.ts';
import type { Engine, EngineHealth } from './engines/engine.ts';
import type { GitHubClient } from './github/client.ts';
import { tokenRights } from './github/rights.ts';
import { findExecutable } from './process/executable.ts';
import { hostMemory, knowsMemory } from './process/host-memory.ts';
import type { HostMemory } from './process/host-memory.ts';
import { chooseIsolation } from './process/isolation.ts';
import type { ArtifactStore } from './run-files/store/artifact-store.ts';
import type { MemoryLimits } from './process/memory-watch.ts';
import { TEMPORAL_CLI_VERSION, locateTemporalCli } from './temporal/cli-binary.ts';
import type { FindTemporalCliRequest } from './temporal/cli-binary.ts';
import { connectTemporal } from './temporal/connection.ts';
import type { TemporalTarget } from './temporal/connection.ts';
import { compareVersions } from './temporal/versions.ts';
import { ALL_ROLES } from './worker-roles.ts';

/** The first whose `merge-tree` merges without a work tree. */
const OLDEST_GIT = '2.38.0';
/** Fewer at once, and most runs wait for each other. */
const LITTLE_ROOM = 2;
const STORE_HINT = 'Check BELAY_ARTIFACTS_URL, the key, and that it may put, get, list and delete there; docs/artifacts.md has the rights.';
const OLDEST_NODE = '24.0.0';
const MEBIBYTE = 1024 ** 2;
/** A worktree, its dependencies and an agent's log fit; several at once do not. */
const LITTLE_DISK = 2048 * MEBIBYTE;
/** Less than a database and one small worktree need. */
const NO_DISK = 200 * MEBIBYTE;

export interface Finding {
  /** What was looked at, such as `git`. */
  check: string;
  status: 'ok' | 'warning' | 'problem';
  detail: string;
  /** How to mend it. */
  hint?: string;
}

export interface DiagnoseRequest {
  /** BELAY_HOME; it need not exist yet. */
  home: string;
  env: NodeJS.ProcessEnv;
  engines: readonly Engine[];
  /** The engine that runs use by default: without it nothing works, without the others something. */
  defaultEngine: string;
  /** Where to look for the CLI of the embedded Temporal. */
  cli: FindTemporalCliRequest;
  /** A configured or running service; it is then tried instead of the CLI. */
  target?: TemporalTarget | undefined;
  /** With the repository of the working directory, where that is on GitHub. */
  gitHub?: { client: GitHubClient; repository?: RepositoryRef | undefined };
  /** What workspaces may take of this machine, and how many there may be. */
  bounds?: CapacityBounds;
  /** Where hosts have files in common. */
  store?: ArtifactStore | undefined;
  /** What a `belay worker` here does, and where it keeps what happened. */
  worker: Pick<Config, 'worker' | 'database'>;
}

export interface CapacityBounds extends MemoryLimits {
  workspaces: number;
}

/** Looks at everything Belay needs on this machine. Leaves everything as it was. */
export async function diagnose(request: DiagnoseRequest): Promise<Finding[]> {
  const { roles } = request.worker.worker;
  // Who only decides starts no agent, and has no workspaces.
  const isRunner = roles.includes('runner');
  return Promise.all([
    checkGit(request),
    Promise.resolve(checkNode(process.versions.node)),
    checkTemporal(request),
    ...(roles.length < ALL_ROLES.length ? [Promise.resolve(judgeRoles(request.worker))] : []),
    ...(isRunner ? request.engines.map((engine) => checkEngine(engine, request)) : []),
    ...(request.gitHub ? [checkGitHub(request.gitHub)] : []),
    checkHome(request.home),
    checkDisk(request.home),
    ...(request.store ? [checkStore(request.store)] : []),
    ...(isRunner ? [checkIsolation()] : []),
    ...(isRunner && request.bounds && knowsMemory ? [Promise.resolve(judgeMemory(hostMemory(), request.bounds))] : []),
  ]);
}

const MARKS = { ok: '✓', warning: '!', problem: '✗' } as const;
const COLORS = { ok: 'green', warning: 'yellow', problem: 'red' } as const;

/** Findings as lines for a terminal, and a last one that sums them up. */
export function formatFindings(findings: readonly Finding[], { color }: { color: boolean }): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  const paint = (status: Finding['status'], text: string): string =>
    color ? styleText(COLORS[status], text, { validateStream: false }) : text;
  const lines = findings.flatMap(({ check, status, detail, hint }) => [
    `${paint(status, MARKS[status])} ${check.padEnd(width)}  ${plainText(detail)}`,
    ...(hint && status !== 'ok' ? [`  ${' '.repeat(width)}  → ${plainText(hint)}`] : []),
  ]);
  return [...lines, '', summary(findings)].join('\n');
}

function summary(findings: readonly Finding[]): string {
  const count = (wanted: Finding['status']): number => findings.filter(({ status }) => status === wanted).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  if (problems > 0) return `${problems} ${problems === 1 ? 'problem' : 'problems'} to mend before Belay can work here.`;
  return warnings > 0 ? 'Belay can work here; the warnings say what could be better.' : 'Everything is in place.';
}

async function checkGit({ env }: DiagnoseRequest): Promise<Finding> {
  const hint = `Install git ${OLDEST_GIT.slice(0, -2)} or newer (https://git-scm.com/downloads).`;
  const path = findExecutable('git', { path: env['PATH'], cwd: process.cwd() });
  if (!path) return { check: 'git', status: 'problem', detail: 'not on the PATH', hint };
  const { stdout } = await execa(path, ['--version'], { env, extendEnv: false, reject: false, stdin: 'ignore', timeout: 10_000 });
  const [, version] = /(\d+\.\d+(?:\.\d+)?)/.exec(stdout) ?? [];
  if (!version) return { check: 'git', status: 'problem', detail: `${path} does not say its version`, hint };
  const isNew = compareVersions(version, OLDEST_GIT) >= 0;
  return isNew
    ? { check: 'git', status: 'ok', detail: `${version} (${path})` }
    : { check: 'git', status: 'problem', detail: `${version} (${path}) is too old`, hint };
}

/** Exported for its test: the running version is the only one there is. */
export function checkNode(version: string): Finding {
  if (compareVersions(version, OLDEST_NODE) >= 0) return { check: 'Node', status: 'ok', detail: version };
  return {
    check: 'Node',
    status: 'problem',
    detail: `${version} is too old`,
    hint: 'Start Belay through `npx belay` or `npm run belay --`: they use the Node 24 that is installed with it.',
  };
}

async function checkTemporal({ target, cli, env }: DiagnoseRequest): Promise<Finding> {
  try {
    return target ? await checkService(target) : await checkCli(cli, env);
  } catch (error) {
    if (!(error instanceof BelayError)) throw error;
    return { check: 'Temporal', status: 'problem', detail: error.message, ...(error.hint && { hint: error.hint }) };
  }
}

async function checkService(target: TemporalTarget): Promise<Finding> {
  await using temporal = await connectTemporal({ target, timeoutMs: 3000 });
  const { serverVersion } = await temporal.connection.workflowService.getSystemInfo({});
  return { check: 'Temporal', status: 'ok', detail: `${target.address}, namespace ${target.namespace}, server ${serverVersion}` };
}

async function checkCli(cli: FindTemporalCliRequest, env: NodeJS.ProcessEnv): Promise<Finding> {
  const found = await locateTemporalCli(cli);
  if (found) {
    const { version, serverVersion, path } = found;
    return { check: 'Temporal', status: 'ok', detail: `embedded: CLI ${version}, server ${serverVersion} (${path})` };
  }
  const go = findExecutable('go', { path: env['PATH'], cwd: process.cwd() });
  return {
    check: 'Temporal',
    status: 'warning',
    detail: `not here yet: CLI ${TEMPORAL_CLI_VERSION} is downloaded at the first start${go ? ', or built with Go if that fails' : ''}`,
    hint: go
      ? 'Nothing to do; it takes some minutes once.'
      : "Where downloads from github.com are not possible, install Temporal's CLI (https://docs.temporal.io/cli), or Go to have it built.",
  };
}

async function checkEngine(engine: Engine, { defaultEngine }: DiagnoseRequest): Promise<Finding> {
  const health = await engine.check();
  const missing = engine.name === defaultEngine ? 'problem' : 'warning';
  const hint = health.hint === undefined ? {} : { hint: health.hint };
  if (!health.installed) return { check: engine.name, status: missing, detail: 'not installed', ...hint };
  if (health.loggedIn === 'no') return { check: engine.name, status: missing, detail: `${described(health)}, not logged in`, ...hint };
  if (health.loggedIn === 'yes') {
    const login = health.login ? `, logged in (${health.login})` : '';
    const pricing = engine.pricing === 'at_end' ? '; says what a turn costs at its end only, its own limit keeps the budget' : '';
    return { check: engine.name, status: 'ok', detail: `${described(health)}${login}${pricing}` };
  }
  return { check: engine.name, status: 'warning', detail: `${described(health)}, the login shows at the first run only`, ...hint };
}

function described({ version, path }: EngineHealth): string {
  return [version ?? 'installed', ...(path ? [`(${path})`] : [])].join(' ');
}

const TOKEN_HINT = 'Set GITHUB_TOKEN, or run: gh auth login. docs/github.md has what the token needs.';

/** Nobody needs GitHub: only what is set up wrong is a problem. */
async function checkGitHub({ client, repository }: NonNullable<DiagnoseRequest['gitHub']>): Promise<Finding> {
  const check = 'GitHub';
  if (!client.isApp && (await client.token()) === undefined) {
    if (!repository) return { check, status: 'ok', detail: 'no token; local repositories need none' };
    return { check, status: 'warning', detail: `${repositorySlug(repository)} is there, and there is no token`, hint: TOKEN_HINT };
  }
  try {
    const { login = 'an app', scopes, lacks } = await tokenRights(client, repository);
    const who = `${login} on ${client.host}${scopes ? ` (${scopes.join(', ') || 'no scopes'})` : ''}`;
    if (lacks.length > 0) return { check, status: 'problem', detail: `${who}: the token lacks ${lacks.join(', ')}`, hint: TOKEN_HINT };
    // GitHub tells nobody what a fine-grained token may write.
    return { check, status: 'ok', detail: scopes ? who : `${who}; what the token may write shows at the first run` };
  } catch (error) {
    if (!(error instanceof BelayError)) throw error;
    const status = error.class === 'human' ? 'problem' : 'warning';
    return { check, status, detail: error.message, ...(error.hint && { hint: error.hint }) };
  }
}

async function checkHome(home: string): Promise<Finding> {
  const check = 'home';
  const found = await statOf(home);
  const parent = found ? home : await nearestFolder(home);
  if (found && !found.isDirectory()) {
    return { check, status: 'problem', detail: `${home} is not a folder`, hint: 'Move it away, or set BELAY_HOME to another folder.' };
  }
  if (!(await isWritable(parent))) {
    const detail = found ? `${home} cannot be written to` : `${home} cannot be made: ${parent} cannot be written to`;
    return { check, status: 'problem', detail, hint: 'Give yourself the right to write there, or set BELAY_HOME to another folder.' };
  }
  if (!found) return { check, status: 'ok', detail: `${home} (made at the first start)` };
  if ((found.mode & 0o077) === 0) return { check, status: 'ok', detail: home };
  const mode = (found.mode & 0o777).toString(8);
  return { check, status: 'warning', detail: `${home} is open to other users (mode ${mode})`, hint: `Run: chmod 700 '${home}'` };
}

async function checkStore(store: ArtifactStore): Promise<Finding> {
  try {
    await store.check();
    return { check: 'artifacts', status: 'ok', detail: `${store.where} can be written to` };
  } catch (error) {
    if (!(error instanceof BelayError)) throw error;
    return { check: 'artifacts', status: 'problem', detail: error.message, hint: STORE_HINT };
  }
}

async function checkDisk(home: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(await nearestFolder(home));
  return judgeDisk(bavail * bsize, home);
}

/** Exported for its test: disks cannot be filled to order. */
export function judgeDisk(freeBytes: number, home: string): Finding {
  const detail = `${shownBytes(freeBytes)} free at ${home}`;
  if (freeBytes >= LITTLE_DISK) return { check: 'disk', status: 'ok', detail };
  const hint = 'Free some space (`belay clean` removes old workspaces), or set BELAY_HOME to a larger disk.';
  return { check: 'disk', status: freeBytes < NO_DISK ? 'problem' : 'warning', detail, hint };
}

/** Exported for its test: machines of other sizes are not at hand. */
export function judgeMemory({ totalBytes, usedBytes }: HostMemory, { hostShare, workspaceBytes, workspaces }: CapacityBounds): Finding {
  const room = Math.floor((hostShare * totalBytes - usedBytes) / workspaceBytes);
  const detail = `${shownBytes(usedBytes)} of ${shownBytes(totalBytes)} in use: room for ${Math.max(0, room)} workspaces of ${shownBytes(workspaceBytes)}`;
  if (room >= Math.min(workspaces, LITTLE_ROOM)) return { check: 'memory', status: 'ok', detail };
  const hint =
    'Runs work one at a time while there is no room for more. Lower BELAY_WORKSPACE_MEMORY_MB if yours need less, or free some memory.';
  return { check: 'memory', status: 'warning', detail, hint };
}

/** Do process trees end with their worker for certain? */
async function checkIsolation(): Promise<Finding> {
  await using isolation = await chooseIsolation({ bootId: `doctor-${process.pid}` });
  const check = 'processes';
  if (isolation.name === 'namespace') return { check, status: 'ok', detail: 'agents and tests end with their worker (bubblewrap)' };
  const detail = 'agents and tests of a killed worker are found and ended, but one that hides can survive';
  if (process.platform !== 'linux') return { check, status: 'ok', detail };
  return { check, status: 'warning', detail, hint: 'Install bubblewrap (such as: apt install bubblewrap) and allow user namespaces.' };
}

function shownBytes(bytes: number): string {
  return bytes >= 1024 * MEBIBYTE ? `${(bytes / 1024 / MEBIBYTE).toFixed(1)} GiB` : `${Math.floor(bytes / MEBIBYTE)} MiB`;
}

async function nearestFolder(path: string): Promise<string> {
  return (await statOf(path))?.isDirectory() || path === dirname(path) ? path : nearestFolder(dirname(path));
}

async function statOf(path: string): Promise<Stats | undefined> {
  // Missing, or not ours to look at: either way there is nothing to use.
  return stat(path).catch(() => undefined);
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}
