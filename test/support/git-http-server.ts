import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { git } from './git-remote.ts';
import type { GitCredentials } from '../../src/git/access.ts';

/** What a request is answered with instead of the truth. `drop` does what was asked and ends the connection without an answer. */
export type Fault = { status: number; says?: string; location?: string } | 'hang' | 'drop';

export interface GitRequest {
  method: string;
  /** With its query, such as `/remote.git/info/refs?service=git-upload-pack`. */
  url: string;
  authorization?: string;
}

export interface GitHttpServer extends AsyncDisposable {
  /** Of the repository; no login in it. */
  readonly url: string;
  readonly requests: GitRequest[];
  /** Answers the requests whose address holds the text, or only those among them that are let in; undefined: as it should be. */
  fault: { on: string; what: Fault; onlyKnown?: true } | undefined;
  /** Resolves when a request was left without an answer. */
  readonly hanging: Promise<void>;
}

export interface GitHttpServerOptions {
  /** The bare repository to serve. */
  path: string;
  /** The folder that addresses start from; the repository's own unless said. */
  root?: string;
  /** Without these every request is refused with 401; without any, all may read and write. */
  credentials?: GitCredentials;
  tls?: { key: string; cert: string };
}

/** A git server on loopback, as a forge has it: HTTP in front of git's own `http-backend`. */
export async function gitHttpServer({ path, root = dirname(path), credentials, tls }: GitHttpServerOptions): Promise<GitHttpServer> {
  await git(path, 'config', 'http.receivepack', 'true');
  const hanging = Promise.withResolvers<void>();
  const wanted = credentials && `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers } = request;
    served.requests.push({ method, url, ...(headers.authorization ? { authorization: headers.authorization } : {}) });
    const isKnown = !wanted || headers.authorization === wanted;
    const { on, what, onlyKnown = false } = served.fault ?? {};
    const fault = on !== undefined && url.includes(on) && (isKnown || !onlyKnown) ? what : undefined;
    if (fault === 'hang') return hanging.resolve();
    if (typeof fault === 'object') return refuse(request, response, fault);
    if (!isKnown) return refuse(request, response, { status: 401 });
    await backend({ root, request, response, answers: fault !== 'drop' });
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  };
  const server: Server = tls ? createSecureServer(tls, listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const served: GitHttpServer = {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/${relative(root, path)}`,
    requests: [],
    fault: undefined,
    hanging: hanging.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return served;
}

function refuse(request: IncomingMessage, response: ServerResponse, { status, says = '', location }: Exclude<Fault, string>): void {
  request.resume();
  response.writeHead(status, {
    'content-type': 'text/plain',
    ...(status === 401 ? { 'www-authenticate': 'Basic realm="test"' } : {}),
    ...(location ? { location } : {}),
  });
  response.end(says);
}

interface Backend {
  root: string;
  request: IncomingMessage;
  response: ServerResponse;
  answers: boolean;
}

/** CGI: the request in variables and on standard input, the answer's head before its body on standard output. */
async function backend({ root, request, response, answers }: Backend): Promise<void> {
  const { pathname, search } = new URL(request.url ?? '', 'http://server');
  const { headers, method = 'GET' } = request;
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: method,
      CONTENT_TYPE: headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
      // Whom the reflog names, where a door before this one knows them.
      ...(headers['x-remote-user'] ? { REMOTE_USER: String(headers['x-remote-user']) } : {}),
      ...(headers['content-length'] ? { CONTENT_LENGTH: headers['content-length'] } : {}),
    },
  });
  // It may answer without reading everything.
  const sent = pipeline(request, child.stdin).catch(() => {});
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  await once(child, 'close');
  await sent;
  if (!answers) return void response.destroy();
  const whole = Buffer.concat(output);
  const end = whole.indexOf('\r\n\r\n');
  const head = whole.subarray(0, end).toString().split('\r\n');
  const fields = head.map((line) => line.split(/: (.*)/s) as [string, string]);
  const status = fields.find(([name]) => name.toLowerCase() === 'status')?.[1] ?? '200';
  response.writeHead(Number.parseInt(status, 10), Object.fromEntries(fields.filter(([name]) => name.toLowerCase() !== 'status')));
  response.end(whole.subarray(end + 4));
}
