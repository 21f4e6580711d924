import type { Octokit } from '@octokit/rest';
import { BelayError } from '../contracts/errors.ts';
import type { CallRate } from '../pacing/call-rate.ts';
import { gitHubHost } from './address.ts';
import { appTokenSource } from './app.ts';
import type { GitHubApp } from './app.ts';
import { gitHubFailure } from './failures.ts';
import type { Asked } from './failures.ts';
import { tokenSource } from './token.ts';
import type { RepositoryName, TokenSource } from './token.ts';

export interface GitHubClientOptions {
  /** From a setting, as it is now. Without it, `gh` is asked. */
  token?: (() => string | undefined) | undefined;
  /** An app's tokens instead. */
  app?: GitHubApp | undefined;
  /** REST, such as `https://api.github.com` or `https://github.example.com/api/v3`. */
  apiUrl: string;
  /** For proxies, and for finding `gh`. */
  env: NodeJS.ProcessEnv;
  timeoutMs?: number;
  maxWaitSeconds?: number;
  retryMs?: number;
  /** How often all workers together may ask; without it, as often as they like. */
  rate?: CallRate | undefined;
}

/** One connection to one GitHub, for forge, tracker and doctor: they share its limits, its cache and its token. */
export interface Author {
  id: number;
  login: string;
  type: string;
}

export interface GitHubClient {
  /** As people know the server: `github.com`. */
  readonly host: string;
  readonly apiUrl: string;
  /** It works as an app: it is nobody, and has a token for each repository. */
  readonly isApp: boolean;
  /** Undefined: public repositories can be read, nothing can be written. */
  token(repository?: RepositoryName): Promise<string | undefined>;
  /** Throws `BelayError` in the catalogue's words, made of what was asked. */
  call<Answer>(asked: Asked, ask: (octokit: Octokit) => Promise<Answer>): Promise<Answer>;
  /** The id of the user whose token this is; undefined for tokens of apps, which are nobody's. */
  viewer(): Promise<number | undefined>;
  /** Tells what this login has written from what others have. */
  authorship(): Promise<(author: Author | null | undefined) => boolean>;
}

/** Under a slow proxy a page of long comments takes its time. */
const TIMEOUT_MS = 30_000;
/** Longer waits are Temporal's: they outlive this process, and an activity that still waits when its time is over would write after its successor. */
const MAX_WAIT_SECONDS = 15;
const RETRY_MS = 1000;

export function createGitHubClient({
  token: given,
  app,
  apiUrl,
  env,
  timeoutMs = TIMEOUT_MS,
  maxWaitSeconds = MAX_WAIT_SECONDS,
  retryMs = RETRY_MS,
  rate,
}: GitHubClientOptions): GitHubClient {
  const host = gitHubHost(apiUrl);
  const token = app ? appTokenSource({ app, apiUrl, host, env, timeoutMs }) : tokenSource({ token: given, host, env });
  const octokit = once(async () => {
    // Loaded when first needed: most commands never talk to GitHub.
    const { createOctokit } = await import('./octokit.ts');
    return createOctokit({ token, apiUrl, env, timeoutMs, maxWaitSeconds, retryMs, rate });
  });
  const call: GitHubClient['call'] = async (asked, ask) => {
    if (rate) requireSoon(rate, { host, maxWaitMs: maxWaitSeconds * 1000 });
    try {
      return await ask(await octokit());
    } catch (error) {
      throw gitHubFailure(error, { ...asked, host, token: await token.get() });
    }
  };
  const viewer = token.isApp ? () => Promise.resolve(undefined) : rememberedViewer(call, token);
  return {
    host,
    apiUrl,
    isApp: token.isApp,
    token: (repository) => token.get(repository),
    call,
    viewer,
    authorship: () => authorshipOf(token, viewer),
  };
}

/** Long waits outlive this process, like those that GitHub itself asks for. */
function requireSoon(rate: CallRate, { host, maxWaitMs }: { host: string; maxWaitMs: number }): void {
  const waitMs = rate.backlogMs();
  if (waitMs <= maxWaitMs) return;
  throw new BelayError({
    code: 'forge_rate_limited',
    message: `Belay asks ${host} no more than ${rate.perMinute} times a minute, and others are waiting for that already.`,
    hint: 'The run goes on when it is its turn. BELAY_GITHUB_CALLS_PER_MINUTE is the limit.',
    retryAt: new Date(Date.now() + waitMs),
  });
}

/** An app writes as its own bot. Of a token that is no user's nothing more can be asked: it is a bot's, which no person can be. */
async function authorshipOf(token: TokenSource, viewer: GitHubClient['viewer']): ReturnType<GitHubClient['authorship']> {
  if (token.login) {
    const login = await token.login();
    return (author) => author?.type === 'Bot' && author.login === login;
  }
  const me = await viewer();
  return (author) => (me === undefined ? author?.type === 'Bot' : author?.id === me);
}

/** A token's user never changes; an answer that failed is asked for again. */
function rememberedViewer(call: GitHubClient['call'], token: TokenSource): GitHubClient['viewer'] {
  let known: { of: string | undefined; id?: number } | undefined;
  return async () => {
    const of = await token.get();
    if (known?.of !== of) known = undefined;
    return (known ??= { of, ...(await askViewer(call)) }).id;
  };
}

async function askViewer(call: GitHubClient['call']): Promise<{ id?: number }> {
  try {
    return await call({ doing: 'ask whose token this is' }, async (octokit) => ({
      id: (await octokit.rest.users.getAuthenticated()).data.id,
    }));
  } catch (error) {
    if (error instanceof BelayError && error.code === 'forge_forbidden') return {};
    throw error;
  }
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => (made ??= make());
}
