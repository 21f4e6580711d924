import { text as readText } from 'node:stream/consumers';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GitHubClient, GitHubClientOptions } from '../../src/github/client.ts';
import { createGitHubClient } from '../../src/github/client.ts';
import { loopback } from './loopback.ts';

/** An answer as GitHub documents it. */
export interface ScriptedAnswer {
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  /** Instead of JSON. */
  text?: string;
  /** The connection is cut instead of an answer. */
  drop?: true;
}

export interface Request {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: unknown;
}

/** By `METHOD /path` (without the query): answers in their order, the last one again and again. */
export type Script = Record<string, ScriptedAnswer | ScriptedAnswer[]>;

export interface ScriptedGitHub extends AsyncDisposable {
  readonly url: string;
  /** What was asked, in order. */
  readonly requests: Request[];
  asked(route: string): Request[];
  client(options?: Partial<GitHubClientOptions>): GitHubClient;
}

/** A GitHub that answers what the test says, for what the emulator is too lenient about. */
export async function scriptedGitHub(script: Script): Promise<ScriptedGitHub> {
  const requests: Request[] = [];
  const counts = new Map<string, number>();
  const answerTo = (route: string): ScriptedAnswer => {
    const answers = [script[route] ?? { status: 404, json: { message: `Not scripted: ${route}` } }].flat();
    const count = counts.get(route) ?? 0;
    counts.set(route, count + 1);
    return answers[Math.min(count, answers.length - 1)] ?? {};
  };
  const server = await loopback((request, response) => void respond(request, response));
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers } = request;
    const body = await readText(request);
    requests.push({ method, path: url, headers, body: body === '' ? undefined : (JSON.parse(body) as unknown) });
    const { status = 200, headers: extra, json, text, drop } = answerTo(`${method} ${url.split('?')[0]}`);
    if (drop) return void request.socket.destroy();
    const type = text === undefined ? 'application/json; charset=utf-8' : 'text/html';
    response.writeHead(status, { 'content-type': type, ...extra }).end(text ?? (json === undefined ? '' : JSON.stringify(json)));
  };
  return {
    url: server.url,
    requests,
    asked: (route) => requests.filter(({ method, path }) => `${method} ${path.split('?')[0]}` === route),
    client: (options) =>
      createGitHubClient({ token: () => 'ghp_scripted', apiUrl: server.url, env: {}, retryMs: 1, maxWaitSeconds: 0, ...options }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
