import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newToken } from '../src/http/tokens.ts';
import { openLedger } from '../src/ledger/open-ledger.ts';
import type { Ledger } from '../src/ledger/ledger.ts';
import { connectTemporal, localTarget } from '../src/temporal/connection.ts';
import type { TemporalConnection } from '../src/temporal/connection.ts';
import { startDevServer } from '../src/temporal/dev-server.ts';
import { temporalCli } from '../test/support/temporal-cli.ts';
import { SECRET } from '../test/support/webhooks.ts';

const MANY = '1000000';
/** More than any bench asks for, so that no limit is what is measured. */
export const NO_LIMITS = {
  BELAY_API_CALLS_PER_MINUTE: MANY,
  BELAY_API_ADDRESS_CALLS_PER_MINUTE: MANY,
  BELAY_GITHUB_CALLS_PER_MINUTE: '10000',
};

interface StubbedGitHub extends AsyncDisposable {
  url: string;
}

/** What a service stands beside: Temporal, and a GitHub that answers at once. */
export interface Surroundings {
  /** Made, and nobody's yet. */
  home: string;
  gitHubUrl: string;
  temporal: TemporalConnection;
  namespace: string;
  /** What the service is told of them. */
  env: Record<string, string>;
}

export async function surroundings({ folder }: { folder: string }, stack: AsyncDisposableStack): Promise<Surroundings> {
  const github = stack.use(await stubGitHub());
  const home = join(folder, 'home');
  await mkdir(home, { recursive: true, mode: 0o700 });
  const { address, namespace } = stack.use(await startDevServer({ cli: await temporalCli(), home }));
  const temporal = stack.use(await connectTemporal({ target: localTarget(address, namespace) }));
  const env = {
    TEMPORAL_ADDRESS: address,
    BELAY_REPOSITORIES: 'acme/shop',
    BELAY_GITHUB_API_URL: github.url,
    GITHUB_TOKEN: 'ghp_of_a_bench',
    GITHUB_WEBHOOK_SECRET: SECRET,
  };
  return { home, gitHubUrl: github.url, temporal, namespace, env };
}

/** A GitHub that answers at once. */
async function stubGitHub(): Promise<StubbedGitHub> {
  const child = fork(join(import.meta.dirname, 'github.ts'));
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  return { url, [Symbol.asyncDispose]: () => ended(child) };
}

export interface ApiProcess extends AsyncDisposable {
  url: string;
  /** Of an admin. */
  token: string;
  /** Memory of the process, in MB. */
  rssMb(): Promise<number>;
}

/** `belay api` of a home, as a process of its own. */
export async function apiProcess({ home, env }: { home: string; env: NodeJS.ProcessEnv }): Promise<ApiProcess> {
  const place = { ...process.env, BELAY_LOG_LEVEL: 'info', ...NO_LIMITS, ...env, BELAY_HOME: home, BELAY_API_PORT: '0' };
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/api.ts')], { env: place, stdio: ['ignore', 'ignore', 'pipe'] });
  process.once('exit', () => child.kill('SIGKILL'));
  const url = await addressOf(child);
  await using ledger = await openLedger({ path: join(home, 'ledger.db') });
  return { url, token: await adminToken(ledger), rssMb: () => rssMb(child.pid), [Symbol.asyncDispose]: () => ended(child) };
}

export async function adminToken(ledger: Ledger): Promise<string> {
  const { id, token, hash } = newToken();
  await ledger.createToken({ id, name: id, hash, role: 'admin', repositories: null, createdAt: new Date().toISOString() });
  return token;
}

async function addressOf(child: ChildProcess): Promise<string> {
  let said = '';
  const lines = child.stderr?.setEncoding('utf8');
  for await (const text of lines?.iterator({ destroyOnReturn: false }) ?? []) {
    said += String(text);
    const [, url] = /"url":"([^"]+)"/.exec(said) ?? [];
    if (url === undefined) continue;
    // Who reads no log holds up the process that writes it.
    lines?.on('data', () => {});
    return url;
  }
  throw new Error(`The API ended instead of serving: ${said}`);
}

async function rssMb(pid: number | undefined): Promise<number> {
  const [, pages = '0'] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ');
  return (Number(pages) * 4096) / 1024 ** 2;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
