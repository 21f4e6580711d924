import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newToken } from '../src/http/tokens.ts';
import { openLedger } from '../src/ledger/open-ledger.ts';
import type { Ledger } from '../src/ledger/ledger.ts';

const MANY = '1000000';
/** More than any bench asks for, so that no limit is what is measured. */
export const NO_LIMITS = {
  BELAY_API_CALLS_PER_MINUTE: MANY,
  BELAY_API_ADDRESS_CALLS_PER_MINUTE: MANY,
  BELAY_GITHUB_CALLS_PER_MINUTE: '10000',
};

export interface StubbedGitHub extends AsyncDisposable {
  url: string;
}

/** A GitHub that answers at once. */
export async function stubGitHub(): Promise<StubbedGitHub> {
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
