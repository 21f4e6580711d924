import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { Octokit } from '@octokit/rest';
import { createEmulator } from 'emulate';
import type { RepositoryRef } from '../../src/contracts/repository.ts';
import { createGitHubClient } from '../../src/github/client.ts';
import type { GitHubClient, GitHubClientOptions } from '../../src/github/client.ts';
import { gitHttpServer } from './git-http-server.ts';
import { gitRemote } from './git-remote.ts';
import type { Files, GitRemote } from './git-remote.ts';
import { loopback } from './loopback.ts';

/** What goes wrong once, for the next request that fits. */
export interface Fault {
  method: string;
  path: RegExp;
  status: number;
  message?: string;
  headers?: Record<string, string>;
  /** The request is served, and its answer lost. */
  afterwards?: boolean;
}

export interface GitHubServer extends AsyncDisposable {
  readonly apiUrl: string;
  readonly token: string;
  readonly repository: RepositoryRef;
  readonly remote: GitRemote;
  /** Over HTTP, for those who have the token; with `{owner}` and `{repo}`. */
  readonly gitUrl: string;
  /** What Belay has asked for, as `GET /repos/acme/shop`. */
  readonly asked: string[];
  /** A person with the same token. */
  readonly person: Octokit;
  fail(fault: Fault): void;
  client(options?: Partial<GitHubClientOptions>): GitHubClient;
}

const OWNER = 'acme';
const NAME = 'shop';
const TOKEN = 'ghp_of_a_test';
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * GitHub on loopback: an emulator for issues and pull requests, with a real repository behind it. Where the emulator believes
 * anything (tokens, branches, second pull requests), a server in front of it is as strict as GitHub; commits are git's own.
 */
export async function gitHubServer({ files = { 'README.md': 'A shop.\n' } }: { files?: Files } = {}): Promise<GitHubServer> {
  await using stack = new AsyncDisposableStack();
  const remote = stack.use(await gitRemote({ files, name: join(OWNER, `${NAME}.git`) }));
  const credentials = { username: 'x-access-token', password: TOKEN };
  const server = stack.use(await gitHttpServer({ path: remote.path, root: remote.folder, credentials }));
  const faults: Fault[] = [];
  const asked: string[] = [];
  const behind = { url: '' };
  const front = stack.use(
    await loopback((request, response) => {
      if (request.headers['user-agent']?.startsWith('belay')) asked.push(`${request.method} ${request.url?.split('?', 1)[0]}`);
      serve({ behind: behind.url, remote, faults }, request, response).catch((error: unknown) => {
        response.writeHead(599).end(String(error));
      });
    }),
  );
  const users = [{ login: OWNER }, { login: 'ada' }, { login: 'mallory' }];
  const seed = { tokens: { [TOKEN]: { login: OWNER } }, github: { users, repos: [{ owner: OWNER, name: NAME, auto_init: true }] } };
  const emulator = await createEmulator({ service: 'github', port: 0, seed });
  stack.defer(() => emulator.close());
  behind.url = emulator.url;
  const kept = stack.move();
  return {
    apiUrl: front.url,
    token: TOKEN,
    repository: { forge: 'github', owner: OWNER, name: NAME },
    remote,
    gitUrl: `${new URL(server.url).origin}/{owner}/{repo}.git`,
    asked,
    person: new Octokit({ baseUrl: front.url, auth: TOKEN, log: silent }),
    fail: (fault) => void faults.push(fault),
    client: (options) => createGitHubClient({ token: () => TOKEN, apiUrl: front.url, env: {}, retryMs: 1, maxWaitSeconds: 0, ...options }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface Behind {
  behind: string;
  remote: GitRemote;
  faults: Fault[];
}
interface Answer {
  status: number;
  headers?: Record<string, string>;
  json?: unknown;
}

async function serve(place: Behind, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url = '', headers } = request;
  const path = url.split('?', 1)[0] ?? '';
  const body = await readText(request);
  const index = place.faults.findIndex((fault) => fault.method === method && fault.path.test(path));
  const [fault] = index < 0 ? [] : place.faults.splice(index, 1);
  if (fault && !fault.afterwards) return send(response, failed(fault));
  const answer =
    authorised(headers.authorization) ??
    (await fromGit(place.remote, { method, path: url, body })) ??
    (await refused(place, { method, path, body })) ??
    (await passOn(place, { method, url, headers, body }));
  return send(response, fault ? failed(fault) : answer);
}

const failed = ({ status, headers, message }: Fault): Answer => ({
  status,
  json: { message: message ?? 'fault' },
  ...(headers ? { headers } : {}),
});

function send(response: ServerResponse, { status, headers, json }: Answer): void {
  response
    .writeHead(status, { ...headers, 'content-type': 'application/json; charset=utf-8' })
    .end(json === undefined ? '' : JSON.stringify(json));
}

function authorised(authorization: string | undefined): Answer | undefined {
  const token = authorization?.replace(/^(?:bearer|token) /i, '');
  return token === undefined || token === TOKEN ? undefined : { status: 401, json: { message: 'Bad credentials' } };
}

interface Asked {
  method: string;
  path: string;
  body: string;
}

const BRANCH = /^\/repos\/[^/]+\/[^/]+\/branches\/([^?]+)$/;
const REF = /^\/repos\/[^/]+\/[^/]+\/git\/refs\/([^?]+)$/;
const CONTENTS = /^\/repos\/[^/]+\/[^/]+\/contents\/([^?]+)\?ref=(.+)$/;

/** Branches and files are what git has now. */
async function fromGit(remote: GitRemote, { method, path }: Asked): Promise<Answer | undefined> {
  const deleted = method === 'DELETE' ? REF.exec(path)?.[1] : undefined;
  if (deleted !== undefined) {
    await remote.git('update-ref', '-d', `refs/${decodeURIComponent(deleted)}`);
    return { status: 204 };
  }
  if (method !== 'GET') return undefined;
  const branch = BRANCH.exec(path)?.[1];
  if (branch !== undefined) {
    const sha = await remote.sha(decodeURIComponent(branch));
    return sha === undefined
      ? { status: 404, json: { message: 'Branch not found' } }
      : { status: 200, json: { name: branch, commit: { sha } } };
  }
  const [, file, ref] = CONTENTS.exec(path)?.map(decodeURIComponent) ?? [];
  if (file === undefined || ref === undefined) return undefined;
  const content = await remote.git('cat-file', 'blob', `${ref}:${file}`).then(
    (text) => `${text}\n`,
    () => undefined,
  );
  if (content === undefined) return { status: 404, json: { message: 'Not Found' } };
  return {
    status: 200,
    json: { type: 'file', encoding: 'base64', size: content.length, content: Buffer.from(content).toString('base64') },
  };
}

/** What GitHub does not take, and the emulator does. */
async function refused(place: Behind, { method, path, body }: Asked): Promise<Answer | undefined> {
  if (method !== 'POST' || !/^\/repos\/[^/]+\/[^/]+\/pulls$/.test(path)) return undefined;
  const { head, base } = JSON.parse(body) as { head: string; base: string };
  const invalid = (errors: object[]): Answer => ({ status: 422, json: { message: 'Validation Failed', errors } });
  const [headSha, baseSha] = await Promise.all([head, base].map((branch) => place.remote.sha(branch)));
  if (headSha === undefined) return invalid([{ resource: 'PullRequest', field: 'head', code: 'invalid' }]);
  if (baseSha === undefined) return invalid([{ resource: 'PullRequest', field: 'base', code: 'invalid' }]);
  if (headSha === baseSha) return invalid([{ resource: 'PullRequest', code: 'custom', message: `No commits between ${base} and ${head}` }]);
  const { json } = await passOn(place, { method: 'GET', url: `${path}?state=open&per_page=100`, headers: {}, body: '' });
  const taken = (json as { head: { ref: string }; base: { ref: string } }[]).some(
    (pull) => pull.head.ref === head && pull.base.ref === base,
  );
  if (!taken) return undefined;
  return invalid([{ resource: 'PullRequest', code: 'custom', message: `A pull request already exists for ${OWNER}:${head}.` }]);
}

interface Passed {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

async function passOn({ behind, remote }: Behind, { method, url, headers, body }: Passed): Promise<Answer> {
  const { authorization = `Bearer ${TOKEN}` } = headers;
  const options = { method, headers: { authorization, 'content-type': 'application/json' }, ...(body === '' ? {} : { body }) };
  const answer = await fetch(`${behind}${url}`, options);
  // Addresses lead back through here.
  const ours = (text: string): string => text.replaceAll(behind, `http://${headers.host}`);
  const text = ours(await answer.text());
  const link = answer.headers.get('link');
  const json: unknown = text === '' ? undefined : await withHeads(remote, JSON.parse(text) as unknown);
  return { status: answer.status, ...(link === null ? {} : { headers: { link: ours(link) } }), json };
}

/** Pull requests follow their branches, as they do on GitHub. */
async function withHeads(remote: GitRemote, json: unknown): Promise<unknown> {
  if (Array.isArray(json)) return Promise.all(json.map((each: unknown) => withHeads(remote, each)));
  const head = (json as { head?: { ref?: string; sha?: string } } | null)?.head;
  if (head?.ref === undefined) return json;
  const sha = await remote.sha(head.ref);
  return sha === undefined ? json : { ...(json as object), head: { ...head, sha } };
}
