import { request as httpRequest } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { loopback } from '../../test/support/loopback.ts';

/** One request at the door of the forge, and what became of it. */
export interface Exchange {
  /** Whose token came with it: a start of a worker, such as `a2`, or `user`. */
  owner: string;
  method: string;
  path: string;
  /** What a push wants to move. */
  refs: string[];
  /** Milliseconds of the epoch: when it came, and when it was answered from behind. */
  at: number;
  done?: number;
  status?: number;
  /** The client never heard of it. */
  lost?: true;
}

/** What a fault does to a request: `refuse` does not let it in, `lose` has it served and its answer lost. */
export type Verdict = 'refuse' | 'lose' | undefined;
export type Look = (exchange: Exchange) => Verdict | Promise<Verdict>;

export interface Front extends AsyncDisposable {
  readonly url: string;
  readonly log: readonly Exchange[];
  /** A token that is let in, and by which its owner is known. */
  admit(owner: string): string;
  /** Asked before a request is passed on, and after it was served; until disposed. */
  before(look: Look): Disposable;
  after(look: (exchange: Exchange) => void): Disposable;
}

export interface Behind {
  /** Of the REST API and of git, and the token that both take. */
  api: string;
  git: string;
  token: string;
}

/** Changes something on the forge, should it be let in. */
export const isWrite = (asked: Pick<Exchange, 'method' | 'path'>): boolean =>
  isGit(asked.path) ? isPush(asked) : asked.method !== 'GET' && asked.method !== 'HEAD';

const isPush = ({ method, path }: Pick<Exchange, 'method' | 'path'>): boolean => method === 'POST' && path.endsWith('/git-receive-pack');

/** Git's protocol begins a push with lines `OLD NEW REF`. */
const refsIn = (body: Buffer): string[] =>
  [
    ...body
      .subarray(0, 8192)
      .toString('latin1')
      .matchAll(/[0-9a-f]{40} [0-9a-f]{40} (refs\/[^\0\n ]+?)(?=[\0\n]|00[0-9a-f]{2}|0000)/g),
  ].map(([, ref = '']) => ref);

const isGit = (path: string): boolean => /\.git\//.test(path);

/** A door before the forge: it knows who comes by their token, notes what they want, and can be faulty. */
export async function forgeFront(behind: Behind): Promise<Front> {
  const owners = new Map<string, string>();
  const log: Exchange[] = [];
  const befores = new Set<Look>();
  const afters = new Set<(exchange: Exchange) => void>();
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers } = request;
    const token = tokenOf(headers.authorization);
    const owner = (token && owners.get(token)) ?? 'nobody';
    const at = Date.now();
    const body = await buffer(request);
    const path = url.split('?', 1)[0] ?? '';
    const exchange: Exchange = { owner, method, path, refs: isPush({ method, path }) ? refsIn(body) : [], at };
    log.push(exchange);
    let verdict: Verdict;
    for (const look of befores) verdict ??= await look(exchange);
    if (verdict === 'refuse') return void request.socket.destroy();
    const answer = await passOn({ behind, url, method, headers: { ...headers, ...passFor(behind, token, owner) }, body });
    exchange.done = Date.now();
    exchange.status = answer.status;
    if (verdict === 'lose') exchange.lost = true;
    for (const look of afters) look(exchange);
    if (verdict === 'lose') return void request.socket.destroy();
    response.writeHead(answer.status, answer.headers).end(answer.body);
  };
  const server = await loopback((request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  return {
    url: server.url,
    log,
    admit(owner) {
      const token = `ghp_CANARY${owner}${Math.random().toString(36).slice(2)}`;
      owners.set(token, owner);
      return token;
    },
    before: (look) => registered(befores, look),
    after: (look) => registered(afters, look),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function registered<T>(set: Set<T>, value: T): Disposable {
  set.add(value);
  return { [Symbol.dispose]: () => void set.delete(value) };
}

function tokenOf(authorization = ''): string | undefined {
  const [kind = '', value = ''] = authorization.split(' ');
  if (kind.toLowerCase() !== 'basic') return value || undefined;
  return Buffer.from(value, 'base64').toString().split(':')[1];
}

/** Git's reflog names who pushed: its HTTP server takes the name from REMOTE_USER. */
function passFor({ token: real }: Behind, token: string | undefined, owner: string): Record<string, string> {
  if (token === undefined || owner === 'nobody') return {};
  return { authorization: `Basic ${Buffer.from(`x-access-token:${real}`).toString('base64')}`, 'x-remote-user': owner };
}

interface PassOn {
  behind: Behind;
  url: string;
  method: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

async function passOn({
  behind,
  url,
  method,
  headers,
  body,
}: PassOn): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }> {
  const origin = isGit(url) ? behind.git : behind.api;
  const pass = isGit(url) ? headers : { ...headers, ...bearer(headers, behind.token) };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${origin}${url}`, { method, headers: { ...pass, 'content-length': String(body.length) } }, (answer) => {
      buffer(answer).then((text) => resolve({ status: answer.statusCode ?? 502, headers: plain(answer.headers), body: text }), reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const bearer = (headers: IncomingMessage['headers'], token: string): Record<string, string> =>
  headers['x-remote-user'] === undefined ? {} : { authorization: `Bearer ${token}` };

/** The body is whole here. */
function plain(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'transfer-encoding' && name !== 'connection'));
}
