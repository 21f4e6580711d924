import { EnvHttpProxyAgent, fetch } from 'undici';
import { proxies } from '../process/proxies.ts';

/** One question as Octokit asks it. */
export interface HttpRequest {
  method: string;
  headers: Record<string, string>;
  body?: string | null;
}

export type HttpFetch = (url: string, request: HttpRequest) => Promise<Response>;

export interface TransportOptions {
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY are read here, in both cases. */
  env: NodeJS.ProcessEnv;
  /** For one answer, its body included. */
  timeoutMs: number;
}

/** A hundred comments of the largest size that GitHub takes are a fifth of this. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
const MAX_REDIRECTS = 3;
const REDIRECTS = [301, 302, 307, 308];
const EMPTY = [204, 205, 304];

/**
 * HTTP as GitHub needs it: through the company's proxy, with a limit of time and size, the whole body read before anything is answered
 * (Octokit takes half a body for a whole one). A moved address is followed with the method as it was, which `fetch` does not do for POST.
 */
export function createTransport({ env, timeoutMs }: TransportOptions): HttpFetch {
  const dispatcher = new EnvHttpProxyAgent({ ...proxies(env), maxResponseSize: MAX_ANSWER_BYTES });
  const ask = async (url: string, request: HttpRequest, hops: number): Promise<Response> => {
    const signal = AbortSignal.timeout(timeoutMs);
    const { method, headers, body } = request;
    const answer = await fetch(url, { method, headers, body: body ?? null, redirect: 'manual', signal, dispatcher });
    const text = await answer.text();
    const next = redirection(url, answer);
    if (next !== undefined && hops < MAX_REDIRECTS) return ask(next, request, hops + 1);
    assertApi(url, answer, text);
    return new Response(EMPTY.includes(answer.status) ? null : text, { status: answer.status, headers: [...answer.headers] });
  };
  return (url, request) => ask(url, request, 0);
}

interface Answered {
  status: number;
  ok: boolean;
  headers: { get(name: string): string | null };
}

/** On the same server only: the token must not follow to another. */
function redirection(url: string, { status, headers }: Answered): string | undefined {
  const location = headers.get('location');
  if (!REDIRECTS.includes(status) || location === null) return undefined;
  const next = new URL(location, url);
  return next.origin === new URL(url).origin ? next.href : undefined;
}

/** A wrong address, or a proxy that wants a login, answers with a page for people. */
function assertApi(url: string, { status, ok, headers }: Answered, text: string): void {
  const { origin } = new URL(url);
  if (REDIRECTS.includes(status)) throw new Error(`${origin} sends on to ${headers.get('location') ?? 'nowhere'}`);
  if (ok && text !== '' && !headers.get('content-type')?.includes('json'))
    throw new Error(`${origin} does not answer as GitHub's API does`);
}
