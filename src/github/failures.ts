import { z } from 'zod';
import { BelayError } from '../contracts/errors.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import { withoutSecret } from '../contracts/secret-forms.ts';
import { plainLine } from '../contracts/text.ts';

/** What was asked of GitHub, for the words of its failure. */
export interface Asked {
  /** As in "GitHub could not …": `read issue acme/shop#12`. */
  doing: string;
  /** What is not there when GitHub says 404 or 410. */
  missing?: { code: 'repository_not_found' | 'issue_not_found'; what: string };
}

interface Question extends Asked {
  host: string;
  token: string | undefined;
}

/** Octokit's `RequestError`, by its shape: what libraries throw is an edge. */
const requestError = z.looseObject({
  status: z.number(),
  message: z.string(),
  response: z.looseObject({ headers: z.record(z.string(), z.unknown()), data: z.unknown() }).optional(),
});
/** Octokit's `GraphqlResponseError`: the answer was 200, with errors. */
const graphqlError = z.looseObject({ errors: z.array(z.looseObject({ type: z.string().optional(), message: z.string() })).min(1) });
const problem = z.looseObject({
  message: z.string().optional(),
  errors: z
    .array(
      z.union([z.string(), z.looseObject({ message: z.string().optional(), field: z.string().optional(), code: z.string().optional() })]),
    )
    .optional(),
});

interface Failure {
  status: number;
  header(name: string): string | undefined;
  /** GitHub's own words, or the network's. */
  words: string;
  answered: boolean;
  cause: unknown;
}

const MAX_WORDS = 500;
/** An app has many. */
const TOKEN = /\bgh[a-z]_\w{20,}/g;
const FALLBACK_WAIT_SECONDS = 60;
/** Dates of answers have whole seconds, and answers take some. */
const MAX_SKEW_MS = 60_000;
const GRAPHQL_STATUS: Record<string, number> = { FORBIDDEN: 403, NOT_FOUND: 404, RATE_LIMITED: 429, UNPROCESSABLE: 422 };
const PERMISSIONS_PAGE = 'docs/github.md has what a token needs; `belay doctor` looks at yours.';

/** The one place that puts GitHub's failures into the catalogue's words. What is none of GitHub's passes through. */
export function gitHubFailure(error: unknown, question: Question): unknown {
  if (error instanceof BelayError) return error;
  const failure = failureOf(error, question.token);
  return failure === undefined ? error : translated(failure, question);
}

function failureOf(error: unknown, token: string | undefined): Failure | undefined {
  const clean = (words: string): string =>
    plainLine((token === undefined ? words : withoutSecret(words, token, '[token]')).replaceAll(TOKEN, '[token]'), MAX_WORDS);
  const graphql = graphqlError.safeParse(error);
  if (graphql.success) {
    const [first] = graphql.data.errors;
    const words = clean(graphql.data.errors.map(({ message }) => message).join('; '));
    return { status: GRAPHQL_STATUS[first?.type ?? ''] ?? 422, header: () => undefined, words, answered: true, cause: error };
  }
  const request = requestError.safeParse(error);
  if (!request.success) return undefined;
  const { status, message, response } = request.data;
  const header = (name: string): string | undefined => textOf(response?.headers[name]);
  return { status, header, words: clean(response ? wordsOf(response.data) : message), answered: response !== undefined, cause: error };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' || typeof value === 'number' ? String(value) : undefined);

function wordsOf(data: unknown): string {
  const { message, errors = [] } = problem.safeParse(data).data ?? {};
  const details = errors.map((each) =>
    typeof each === 'string' ? each : (each.message ?? [each.field, each.code].filter(Boolean).join(' ')),
  );
  return [message, ...details].filter(Boolean).join(': ') || 'no reason given';
}

function translated(failure: Failure, question: Question): BelayError {
  const { status, answered } = failure;
  if (!answered) return unreachable(failure, question);
  if (status === 429 || (status === 403 && isRateLimit(failure))) return rateLimited(failure, question);
  if (status === 401) return notLoggedIn(failure, question);
  if (status === 403 || status === 451) return forbidden(failure, question);
  if (status === 404 || status === 410) return missing(failure, question);
  if (status >= 500) return unreachable(failure, question);
  return problemOf(failure, question, { code: 'forge_refused', hint: 'Mend what it names, then `belay retry`.' });
}

interface Told {
  code: ErrorCode;
  hint: string;
  retryAt?: Date;
}

function problemOf({ words, cause, status }: Failure, { doing, host }: Question, { code, hint, retryAt }: Told): BelayError {
  const message = `${host} could not ${doing}: ${words.replace(/\.$/, '')} (${status}).`;
  return new BelayError({ code, message, hint, cause, ...(retryAt ? { retryAt } : {}) });
}

function unreachable(failure: Failure, question: Question): BelayError {
  if (failure.answered)
    return problemOf(failure, question, {
      code: 'forge_unreachable',
      hint: 'It is asked again; https://www.githubstatus.com says how it is.',
    });
  const certificate = /certificate|self.signed|issuer/i.test(failure.words);
  return new BelayError({
    code: 'forge_unreachable',
    message: `${question.host} could not be reached to ${question.doing}: ${failure.words.replace(/\.$/, '')}.`,
    hint: certificate
      ? 'Name the file of your own certificate authority in NODE_EXTRA_CA_CERTS before Belay starts.'
      : 'Look at the network, the proxy (HTTPS_PROXY, NO_PROXY) and BELAY_GITHUB_API_URL.',
    cause: failure.cause,
  });
}

function isRateLimit({ header, words }: Failure): boolean {
  return header('x-ratelimit-remaining') === '0' || header('retry-after') !== undefined || /rate limit|abuse detection/i.test(words);
}

function rateLimited(failure: Failure, question: Question): BelayError {
  const retryAt = limitEnds(failure);
  return problemOf(failure, question, { code: 'forge_rate_limited', hint: `It answers again at ${retryAt.toISOString()}.`, retryAt });
}

/** As GitHub documents it: the time to wait, else when the primary limit is over, else a minute. */
function limitEnds({ header }: Failure): Date {
  const wait = Number(header('retry-after'));
  const now = Date.now();
  const there = Date.parse(header('date') ?? '') || now;
  // The reset is a time of GitHub's clock, which this machine's need not agree with.
  const astray = Math.abs(now - there) > MAX_SKEW_MS ? now - there : 0;
  const reset = header('x-ratelimit-remaining') === '0' ? Number(header('x-ratelimit-reset')) * 1000 : 0;
  if (wait > 0) return new Date(now + wait * 1000);
  return new Date(reset + astray > now ? reset + astray : now + FALLBACK_WAIT_SECONDS * 1000);
}

function notLoggedIn(failure: Failure, question: Question): BelayError {
  const hint = 'Set GITHUB_TOKEN to a valid token, or run `gh auth login`, and restart Belay.';
  if (question.token !== undefined)
    return problemOf({ ...failure, words: 'the token is not valid' }, question, { code: 'forge_not_logged_in', hint });
  return problemOf({ ...failure, words: 'there is no token' }, question, { code: 'forge_not_logged_in', hint });
}

function forbidden(failure: Failure, question: Question): BelayError {
  const signOn = /url=(\S+)/.exec(failure.header('x-github-sso') ?? '')?.[1];
  if (signOn)
    return problemOf(failure, question, {
      code: 'forge_forbidden',
      hint: `The organisation wants single sign-on: authorise the token at ${signOn}.`,
    });
  const needed = failure.header('x-accepted-github-permissions');
  const lacks = needed && /token|integration/i.test(failure.words) ? `The token needs: ${plainLine(needed)}. ` : '';
  return problemOf(failure, question, { code: 'forge_forbidden', hint: `${lacks}${PERMISSIONS_PAGE}` });
}

function missing(failure: Failure, question: Question): BelayError {
  const { host, token, missing: wanted } = question;
  if (wanted === undefined) return problemOf(failure, question, { code: 'forge_refused', hint: PERMISSIONS_PAGE });
  const unseen = token === undefined ? 'it is private and there is no token' : 'the token cannot see it';
  const message =
    failure.status === 410
      ? `${host} has no ${wanted.what}: ${failure.words.replace(/\.$/, '')}.`
      : `There is no ${wanted.what} on ${host}, or ${unseen}.`;
  const hint = token === undefined ? 'Check the name; set GITHUB_TOKEN, or run `gh auth login`.' : `Check the name. ${PERMISSIONS_PAGE}`;
  return new BelayError({ code: wanted.code, message, hint, cause: failure.cause });
}
