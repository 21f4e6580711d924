import { join } from 'node:path';
import { startApi } from '../../src/api.ts';
import type { ApiRequest } from '../../src/api.ts';
import { loadConfig } from '../../src/config.ts';
import type { Role } from '../../src/contracts/service-records.ts';
import { newToken } from '../../src/http/tokens.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { ownFolder } from '../../src/process/own-folder.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** An API in this process, at a free port. */
export interface TestApi extends AsyncDisposable {
  readonly url: string;
  readonly home: string;
  readonly ledger: Ledger;
  /** The lines of its log. */
  readonly log: readonly string[];
  token(role: Role, options?: { repositories?: string[]; expiresAt?: string; name?: string }): Promise<string>;
  /** As JSON, with a token of an admin unless told. */
  call(method: string, path: string, request?: CallOptions): Promise<Reply>;
  /** Stops taking requests, and answers those that are under way. */
  stop(): Promise<void>;
}

interface CallOptions {
  token?: string | undefined;
  body?: unknown;
  headers?: Record<string, string>;
}

interface Reply {
  status: number;
  headers: Headers;
  text: string;
  /** What its text is as JSON; undefined where it is none. */
  json: unknown;
}

interface TestApiOptions extends Pick<ApiRequest, 'target' | 'patience' | 'times'> {
  /** A temporary one unless given. */
  home?: string;
  settings?: Record<string, string>;
}

export async function startTestApi({ home: given, settings = {}, target = noTemporal, ...waits }: TestApiOptions = {}): Promise<TestApi> {
  await using stack = new AsyncDisposableStack();
  const home = given ?? join(stack.use(await temporaryDirectory()).path, 'home');
  await ownFolder(home);
  const inherited = Object.entries(process.env).filter(([name]) => !/^(BELAY|TEMPORAL)_/.test(name));
  const env = { ...Object.fromEntries(inherited), BELAY_HOME: home, BELAY_ENGINE: 'scripted', BELAY_API_PORT: '0', ...settings };
  const config = loadConfig(env);
  const ledger = stack.use(await openLedger(config.database));
  const lines: string[] = [];
  const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  const api = await startApi({ config, env, log, target, ...waits });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= Promise.resolve(api[Symbol.asyncDispose]()));
  stack.defer(stop);
  const token: TestApi['token'] = async (role, { repositories, name, ...options } = {}) => {
    const { id, token: text, hash } = newToken();
    const createdAt = new Date().toISOString();
    await ledger.createToken({ id, name: name ?? id, hash, role, repositories: repositories ?? null, createdAt, ...options });
    return text;
  };
  const admin = await token('admin', { name: 'admin' });
  // The home may be another's, who starts an API in it again.
  stack.defer(async () => void (await ledger.revokeToken('admin', new Date().toISOString())));
  const kept = stack.move();
  return {
    url: api.url,
    home,
    ledger,
    log: lines,
    token,
    stop,
    call: (method, path, request = {}) => call(`${api.url}${path}`, method, { token: admin, ...request }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Nothing listens there. */
const noTemporal = (): Promise<undefined> => Promise.resolve(undefined);

async function call(url: string, method: string, { token, body, headers = {} }: CallOptions): Promise<Reply> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    redirect: 'manual',
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await textOf(response);
  return { status: response.status, headers: response.headers, text, json: asJson(text) };
}

/** What is followed has no end: nothing of it is read. */
async function textOf(response: Response): Promise<string> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response.text();
  await response.body?.cancel();
  return '';
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
