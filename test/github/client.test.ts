import { describe, expect, it, test } from 'vitest';
import { createGitHubClient } from '../../src/github/client.ts';
import type { GitHubClient } from '../../src/github/client.ts';
import { BelayError } from '../../src/contracts/errors.ts';
import { createCallRate } from '../../src/pacing/call-rate.ts';
import type { CallRate } from '../../src/pacing/call-rate.ts';
import { loopback } from '../support/loopback.ts';
import { scriptedGitHub } from '../support/scripted-github.ts';
import type { ScriptedAnswer, ScriptedGitHub } from '../support/scripted-github.ts';

const LABELS = 'GET /repos/acme/shop/labels';
const place = { owner: 'acme', repo: 'shop' };
const asked = { doing: 'list the labels of acme/shop', missing: { code: 'repository_not_found', what: 'repository acme/shop' } } as const;

const readLabels = (client: GitHubClient) =>
  client.call(asked, async (octokit) => (await octokit.rest.issues.listLabelsForRepo(place)).data.map(({ name }) => name));
const writeLabel = (client: GitHubClient) => client.call(asked, (octokit) => octokit.rest.issues.createLabel({ ...place, name: 'bug' }));

/** The failure that this answer becomes. */
async function failure(
  answer: ScriptedAnswer,
  options: Parameters<ScriptedGitHub['client']>[0] = {},
): Promise<BelayError & { host: string }> {
  await using github = await scriptedGitHub({ [LABELS]: answer });
  const error: unknown = await readLabels(github.client(options)).catch((error: unknown) => error);
  if (!(error instanceof BelayError)) throw new Error('It was no BelayError', { cause: error });
  return Object.assign(error, { host: new URL(github.url).host });
}

const message = (text: string) => ({ json: { message: text } });

describe('a failure says what it means', () => {
  it('401: the token is not valid', async () => {
    const error = await failure({ status: 401, ...message('Bad credentials') });
    expect(error).toMatchObject({
      code: 'forge_not_logged_in',
      message: `${error.host} could not list the labels of acme/shop: the token is not valid (401).`,
      hint: 'Set GITHUB_TOKEN to a valid token, or run `gh auth login`, and restart Belay.',
    });
  });

  it('401 without a token: there is none', async () => {
    const error = await failure({ status: 401, ...message('Requires authentication') }, { token: undefined });
    expect(error.message).toContain('there is no token (401)');
  });

  it('403: what the token lacks', async () => {
    const headers = { 'x-accepted-github-permissions': 'issues=write' };
    const error = await failure({ status: 403, headers, ...message('Resource not accessible by personal access token') });
    expect(error).toMatchObject({
      code: 'forge_forbidden',
      message: `${error.host} could not list the labels of acme/shop: Resource not accessible by personal access token (403).`,
      hint: 'The token needs: issues=write. docs/github.md has what a token needs; `belay doctor` looks at yours.',
    });
  });

  it('403 of an organisation with single sign-on: where to authorise the token', async () => {
    const headers = { 'x-github-sso': 'required; url=https://github.com/orgs/acme/sso?x=1' };
    const error = await failure({ status: 403, headers, ...message('Resource protected by organization SAML enforcement.') });
    expect(error.hint).toBe('The organisation wants single sign-on: authorise the token at https://github.com/orgs/acme/sso?x=1.');
  });

  it('404: what was looked for and where', async () => {
    const seen = await failure({ status: 404, ...message('Not Found') });
    expect(seen).toMatchObject({
      code: 'repository_not_found',
      message: `There is no repository acme/shop on ${seen.host}, or the token cannot see it.`,
    });
    const unseen = await failure({ status: 404, ...message('Not Found') }, { token: undefined });
    expect(unseen.message).toBe(`There is no repository acme/shop on ${unseen.host}, or it is private and there is no token.`);
  });

  it("422: GitHub's own words, without what a terminal would obey", async () => {
    const errors = [{ resource: 'Label', field: 'name', code: 'missing_field' }, 'and \u001b[31mmore'];
    const error = await failure({ status: 422, json: { message: 'Validation Failed', errors } });
    expect(error).toMatchObject({
      code: 'forge_refused',
      message: `${error.host} could not list the labels of acme/shop: Validation Failed: name missing_field: and more (422).`,
    });
  });

  it('no connection: what to look at', async () => {
    const error = await failure({ drop: true });
    expect(error.code).toBe('forge_unreachable');
    expect(error.message).toContain(`${error.host} could not be reached to list the labels of acme/shop: `);
    expect(error.hint).toBe('Look at the network, the proxy (HTTPS_PROXY, NO_PROXY) and BELAY_GITHUB_API_URL.');
  });

  it('a page for people: it is no API', async () => {
    const error = await failure({ text: '<html>Please log in</html>' });
    expect(error).toMatchObject({ code: 'forge_unreachable' });
    expect(error.message).toContain("does not answer as GitHub's API does");
  });

  it('a redirection to another server is not followed with the token', async () => {
    await using other = await scriptedGitHub({});
    const error = await failure({ status: 302, headers: { location: `${other.url}/elsewhere` } });
    expect(error.message).toContain(`sends on to ${other.url}/elsewhere`);
    expect(other.requests).toEqual([]);
  });

  it('an answer that does not come', async () => {
    await using silent = await loopback(() => {});
    await using github = await scriptedGitHub({});
    const error: unknown = await readLabels(github.client({ apiUrl: silent.url, timeoutMs: 50 })).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'forge_unreachable', message: expect.stringContaining('timeout') as string });
  });

  it('never shows the token, even if the server does', async () => {
    const error = await failure({ status: 400, ...message('What is ghp_scripted?') });
    expect(error.message).toContain('What is [token]?');
    expect(JSON.stringify(error.cause)).not.toContain('Bearer');
  });
});

describe('a rate limit', () => {
  const seconds = (date: Date | undefined): number => Math.round(((date?.getTime() ?? 0) - Date.now()) / 1000);

  it('that lasts is thrown with the time it ends: the primary one', async () => {
    const reset = Math.ceil(Date.now() / 1000) + 1800;
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) };
    const error = await failure({ status: 403, headers, ...message('API rate limit exceeded for user ID 1.') }, { maxWaitSeconds: 60 });
    expect(error).toMatchObject({ code: 'forge_rate_limited', retryAt: new Date(reset * 1000) });
    expect(error.hint).toBe(`It answers again at ${new Date(reset * 1000).toISOString()}.`);
  });

  it.each([403, 429])('that lasts is thrown with the time it ends: a secondary one (%i)', async (status) => {
    const headers = { 'retry-after': '120' };
    const error = await failure({ status, headers, ...message('You have exceeded a secondary rate limit.') }, { maxWaitSeconds: 60 });
    expect(error.code).toBe('forge_rate_limited');
    expect(seconds(error.retryAt)).toBe(120);
  });

  it.each([-1, 1])('ends when GitHub says, on a machine whose clock is %i days off', async (days) => {
    const there = Math.floor(Date.now() / 1000) - days * 24 * 3600;
    const headers = {
      date: new Date(there * 1000).toUTCString(),
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(there + 1800),
    };
    const error = await failure({ status: 403, headers, ...message('API rate limit exceeded for user ID 1.') });
    expect(Math.abs(seconds(error.retryAt) - 1800)).toBeLessThanOrEqual(60);
  });

  it('without a time is taken for a minute', async () => {
    const error = await failure({ status: 403, ...message('You have exceeded a secondary rate limit.') });
    expect(error.code).toBe('forge_rate_limited');
    expect(seconds(error.retryAt)).toBe(60);
  });

  it('that is short is waited for', async () => {
    const limited = { status: 429, headers: { 'retry-after': '1' }, ...message('You have exceeded a secondary rate limit.') };
    await using github = await scriptedGitHub({ [LABELS]: [limited, { json: [{ name: 'bug' }] }] });
    expect(await readLabels(github.client({ maxWaitSeconds: 60 }))).toEqual(['bug']);
    expect(github.requests).toHaveLength(2);
  });
});

test('a rate limit of half a minute is not waited for: the attempt that waits would be over before', async () => {
  const limited = { status: 403, headers: { 'retry-after': '30' }, ...message('You have exceeded a secondary rate limit.') };
  await using github = await scriptedGitHub({ [LABELS]: limited });
  const client = createGitHubClient({ token: () => 'ghp_scripted', apiUrl: github.url, env: {} });
  await expect(readLabels(client)).rejects.toMatchObject({ code: 'forge_rate_limited' });
  expect(github.requests).toHaveLength(1);
});

describe('asking again', () => {
  it('mends what a server failed to read out', async () => {
    await using github = await scriptedGitHub({ [LABELS]: [{ status: 502, text: '<html>' }, { drop: true }, { json: [{ name: 'bug' }] }] });
    expect(await readLabels(github.client())).toEqual(['bug']);
    expect(github.requests).toHaveLength(3);
  });

  it.each([{ status: 500, ...message('Server Error') }, { drop: true } as const])('is never done with a change (%j)', async (answer) => {
    await using github = await scriptedGitHub({ 'POST /repos/acme/shop/labels': answer });
    await expect(writeLabel(github.client())).rejects.toMatchObject({ code: 'forge_unreachable' });
    expect(github.requests).toHaveLength(1);
  });

  it('follows a moved address with the change itself', async () => {
    await using github = await scriptedGitHub({
      'POST /repos/acme/shop/labels': { status: 301, headers: { location: '/repositories/1/labels' } },
      'POST /repositories/1/labels': { status: 201, json: { name: 'bug' } },
    });
    await writeLabel(github.client());
    expect(github.requests.map(({ method, body }) => [method, body])).toEqual([
      ['POST', { name: 'bug' }],
      ['POST', { name: 'bug' }],
    ]);
  });
});

test('an answer that has not changed is not sent again', async () => {
  const first = { headers: { etag: 'W/"1"' }, json: [{ name: 'bug' }] };
  const second = { headers: { etag: 'W/"2"' }, json: [{ name: 'feature' }] };
  await using github = await scriptedGitHub({ [LABELS]: [first, { status: 304 }, second, { status: 304 }] });
  const client = github.client();
  const seen = [await readLabels(client), await readLabels(client), await readLabels(client), await readLabels(client)];
  expect(seen).toEqual([['bug'], ['bug'], ['feature'], ['feature']]);
  expect(github.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, 'W/"1"', 'W/"1"', 'W/"2"']);
});

test('half an answer is none', async () => {
  await using cut = await loopback((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('[{"name":');
    setImmediate(() => request.socket.destroy());
  });
  await using github = await scriptedGitHub({});
  await expect(readLabels(github.client({ apiUrl: cut.url }))).rejects.toMatchObject({ code: 'forge_unreachable' });
});

describe('a rate of calls', () => {
  it('is kept by every call', async () => {
    await using github = await scriptedGitHub({ [LABELS]: { json: [{ name: 'bug' }] } });
    let paced = 0;
    const rate: CallRate = {
      perMinute: 60,
      backlogMs: () => 0,
      share: () => {},
      async paced(call) {
        paced++;
        return call();
      },
    };
    const client = github.client({ rate });
    for (const count of [1, 2]) {
      expect(await readLabels(client)).toEqual(['bug']);
      expect(paced).toBe(count);
    }
  });

  it('knows of all that wait, however many Octokit would let go at once', async () => {
    await using github = await scriptedGitHub({ [LABELS]: { json: [] } });
    const rate = createCallRate({ perMinute: 12 });
    const client = github.client({ rate, maxWaitSeconds: 10_000 });
    const calls = Array.from({ length: 40 }, () => readLabels(client));
    await expect.poll(() => rate.backlogMs()).toBeGreaterThan(150_000);
    // They are not waited for.
    for (const call of calls) call.catch(() => {});
  });

  it('with too many that wait already is told at once, with the time', async () => {
    await using github = await scriptedGitHub({ [LABELS]: { json: [] } });
    const rate: CallRate = { perMinute: 60, backlogMs: () => 20_000, share: () => {}, paced: (call) => call() };
    const began = Date.now();
    const error: unknown = await readLabels(github.client({ rate })).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'forge_rate_limited', hint: expect.stringContaining('BELAY_GITHUB_CALLS_PER_MINUTE') });
    expect((error as BelayError).retryAt?.getTime()).toBeGreaterThanOrEqual(began + 20_000);
  });
});
