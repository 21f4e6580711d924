import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import { Octokit } from '@octokit/rest';
import { conditional } from './conditional.ts';
import type { CallRate } from '../pacing/call-rate.ts';
import type { RepositoryName, TokenSource } from './token.ts';
import { createTransport } from './transport.ts';
import type { HttpFetch } from './transport.ts';

export interface OctokitOptions {
  token: TokenSource;
  apiUrl: string;
  env: NodeJS.ProcessEnv;
  /** For one answer. */
  timeoutMs: number;
  /** The longest that a rate limit is waited for; a longer one is the caller's to plan. */
  maxWaitSeconds: number;
  /** Between attempts of a question: so long, then four times as long. */
  retryMs: number;
  rate?: CallRate | undefined;
}

const RETRIES = 2;
/** What asking again does not mend; rate limits (403 and 429) are the throttling's. */
const FINAL = [400, 401, 403, 404, 409, 410, 422, 429, 451];

const GitHub = Octokit.plugin(throttling, retry);

/** GitHub's client as Belay uses it: questions are asked again when the server fails, changes never are. */
export function createOctokit({ token, apiUrl, env, timeoutMs, maxWaitSeconds, retryMs, rate }: OctokitOptions): Octokit {
  const isShort = (seconds: number, _options: object, _octokit: unknown, retries: number): boolean =>
    retries === 0 && seconds <= maxWaitSeconds;
  const throttle = {
    id: apiUrl,
    onRateLimit: isShort,
    onSecondaryRateLimit: isShort,
    // A second between changes is what GitHub asks for; the plugin's three for comments and pull requests would hold up many runs.
    triggersNotification: () => false,
  };
  const addresses = createAddresses();
  const octokit = new GitHub({
    baseUrl: apiUrl.replace(/\/+$/, ''),
    userAgent: 'belay',
    request: { fetch: withToken(conditional(createTransport({ env, timeoutMs })), token, addresses) },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    throttle,
    retry: { retries: RETRIES, doNotRetry: FINAL, retryAfterBaseValue: retryMs },
  });
  octokit.hook.before('request', (options) => {
    if (options.method !== 'GET') options.request.retries = 0;
  });
  // Before the question: what keeps an app from its token is no failure of the network, and would be taken for one there.
  if (token.isApp)
    octokit.hook.before('request', async (options) => void (await token.get(addresses.of(octokit.request.endpoint(options).url))));
  // Added last, and so before all of Octokit's own queues, in which nobody counts who waits.
  if (rate) octokit.hook.wrap('request', (request, options) => rate.paced(async () => request(options)));
  return octokit;
}

/** Failures are thrown, and told by whoever asked. */
const ignore = (): void => {};

interface Addresses {
  /** The repository that an address of the API is about. */
  of(url: string): RepositoryName | undefined;
  /** Further pages have the repository's number instead of its name. */
  learn(url: string, link: string | null): void;
}

const BY_NAME = /\/repos\/([^/?]+)\/([^/?]+)/;
const BY_NUMBER = /\/repositories\/(\d+)(?=[/?]|$)/;

function createAddresses(): Addresses {
  const numbered = new Map<string, RepositoryName>();
  const of = (url: string): RepositoryName | undefined => {
    const [, owner, name] = BY_NAME.exec(url) ?? [];
    if (owner && name) return { owner: decodeURIComponent(owner).toLowerCase(), name: decodeURIComponent(name).toLowerCase() };
    return numbered.get(BY_NUMBER.exec(url)?.[1] ?? '');
  };
  return {
    of,
    learn(url, link) {
      const number = BY_NUMBER.exec(link ?? '')?.[1];
      const about = of(url);
      if (number && about) numbered.set(number, about);
    },
  };
}

/** Added last, so that no error and no log of the library can hold the token. */
function withToken(fetch: HttpFetch, source: TokenSource, addresses: Addresses): HttpFetch {
  return async (url, request) => {
    const about = addresses.of(url);
    const token = await source.get(about);
    const headers = token === undefined ? request.headers : { ...request.headers, authorization: `Bearer ${token}` };
    const answer = await fetch(url, { ...request, headers });
    if (answer.status === 401) source.forget(about);
    if (source.isApp) addresses.learn(url, answer.headers.get('link'));
    return answer;
  };
}
