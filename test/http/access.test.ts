import { createServer, get } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROLES } from '../../src/contracts/service-records.ts';
import type { Role } from '../../src/contracts/service-records.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { startTestApi } from '../support/api.ts';
import type { TestApi } from '../support/api.ts';
import { exampleRun } from '../support/example-run.ts';
import { loopback } from '../support/loopback.ts';

const resources = new AsyncDisposableStack();
let api: TestApi;
beforeAll(async () => {
  // More than all tests of this file make.
  const settings = { BELAY_API_CALLS_PER_MINUTE: '100000', BELAY_API_ADDRESS_CALLS_PER_MINUTE: '100000' };
  api = resources.use(await startTestApi({ settings }));
  await api.ledger.recordRun(exampleRun());
  await api.ledger.recordRun(exampleRun({ id: '0123abce', workflowId: 'local:acme/site#1', repository: 'acme/site' }));
});
afterAll(() => resources.disposeAsync());

/** Written out: what is computed as the API computes it would agree with any mistake. */
const MAY: Record<Role, readonly string[]> = {
  viewer: ['viewer'],
  operator: ['viewer', 'operator'],
  admin: ['viewer', 'operator', 'admin'],
};
/** Nothing that changes anything is for viewers, nothing that removes anything for operators. */
const LEAST = { get: 'viewer', post: 'operator', delete: 'admin' } as const;

/** An address of the route with ids that are well formed, and of nothing. */
const addressOf = (path: string): string =>
  path.includes('/artifacts/{id}')
    ? `/api/artifacts/${'0'.repeat(20)}/download`
    : path.replace('{id}', 'zzzzzzzz').replace('{owner}/{name}', 'no/thing');

describe('every route', () => {
  it('is in the table that this test is made of', () => {
    expect(ROUTES.length).toBeGreaterThan(25);
    expect(ROUTES.filter(({ access }) => access === 'open').map(({ path }) => path)).toEqual(['/health', '/ready', '/openapi.json']);
    const closed = ROUTES.filter(({ access }) => access !== 'open');
    expect(closed.filter(({ access, method }) => access !== LEAST[method])).toEqual([]);
  });

  it.each(ROUTES.map(({ method, path, access }) => [method, path, access] as const))(
    '%s %s (%s): lets in whom it says',
    async (method, path, access) => {
      const address = addressOf(path);
      const bare = await api.call(method.toUpperCase(), address, { token: undefined });
      if (access === 'open') return expect([200, 503]).toContain(bare.status);
      expect(bare).toMatchObject({ status: 401, json: { code: 'token_invalid' } });
      expect(bare.headers.get('www-authenticate')).toContain('Bearer');
      for (const role of ROLES) {
        const { status, json } = await api.call(method.toUpperCase(), address, { token: await tokenOf(role) });
        if (MAY[role].includes(access)) expect([200, 400, 404], `${role}: ${JSON.stringify(json)}`).toContain(status);
        else expect({ status, json }, role).toMatchObject({ status: 403, json: { code: 'not_allowed' } });
      }
    },
  );

  const tokens = new Map<string, Promise<string>>();
  function tokenOf(role: (typeof ROLES)[number]): Promise<string> {
    const known = tokens.get(role) ?? api.token(role);
    tokens.set(role, known);
    return known;
  }
});

describe('a token', () => {
  it('that is unknown, malformed, revoked or over is none', async () => {
    const revoked = await api.token('admin', { name: 'revoked' });
    await api.ledger.revokeToken('revoked', new Date().toISOString());
    const over = await api.token('admin', { expiresAt: '2020-01-01T00:00:00.000Z' });
    for (const token of [revoked, over, `belay_${'0'.repeat(8)}_${'0'.repeat(40)}`, 'x', 'a.b.c'])
      expect(await api.call('GET', '/api/runs', { token }), token).toMatchObject({ status: 401, json: { code: 'token_invalid' } });
    for (const authorization of ['Basic YTpi', 'Bearer', 'Bearer a b', `Bearer ${'a'.repeat(9000)}`])
      expect(await api.call('GET', '/api/runs', { token: undefined, headers: { authorization } })).toMatchObject({ status: 401 });
  });

  it('is needed where there is no route, too', async () => {
    expect(await api.call('GET', '/nowhere', { token: undefined })).toMatchObject({ status: 401 });
    expect(await api.call('GET', '/nowhere')).toMatchObject({ status: 404, json: { code: 'not_found' } });
  });

  it('for some repositories does not know that there are others', async () => {
    const token = await api.token('operator', { repositories: ['acme/site'] });
    expect(await api.call('GET', '/api/runs', { token })).toMatchObject({ json: { items: [{ id: '0123abce' }], total: 1 } });
    expect(await api.call('GET', '/api/runs?repository=acme/shop', { token })).toMatchObject({ json: { items: [], total: 0 } });
    const hidden = await api.call('GET', '/api/runs/0123abcd', { token });
    const missing = await api.call('GET', '/api/runs/zzzzzzzz', { token });
    expect(hidden).toMatchObject({ status: 404, json: { detail: 'There is no run 0123abcd.' } });
    expect(missing).toMatchObject({ status: 404, json: { detail: 'There is no run zzzzzzzz.' } });
    for (const route of ROUTES.filter(({ path, method }) => path.startsWith('/api/runs/{id}') && method === 'get'))
      expect(await api.call('GET', route.path.replace('{id}', '0123abcd'), { token }), route.path).toMatchObject({ status: 404 });
    expect(await api.call('POST', '/api/runs/0123abcd/cancel', { token })).toMatchObject({ status: 404 });
    expect(await api.call('POST', '/api/runs', { token, body: { repository: 'acme/shop', request: 'x' } })).toMatchObject({ status: 404 });
    expect(await api.call('GET', '/api/repositories', { token })).toMatchObject({ json: { items: [{ slug: 'acme/site' }] } });
    for (const path of ['/metrics', '/status']) expect(await api.call('GET', path, { token })).toMatchObject({ status: 403 });
  });

  it('is in no log, and its use is noted', async () => {
    const token = await api.token('viewer', { name: 'noted' });
    await api.call('GET', '/api/runs', { token });
    expect(api.log.join('')).not.toContain(token.slice(-40));
    expect((await api.ledger.listTokens()).find(({ name }) => name === 'noted')?.lastUsedAt).toBeDefined();
  });
});

describe('a request for another name', () => {
  const ask = (headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const url = new URL(`${api.url}/health`);
      get(url, { headers }, (response) => resolve(response.resume().statusCode ?? 0)).on('error', reject);
    });

  it('is refused, and one for an address or localhost is not', async () => {
    expect(await ask({ host: 'evil.example.com' })).toBe(403);
    expect(await ask({ host: 'localhost:1234' })).toBe(200);
    expect(await ask({ host: '[::1]:80' })).toBe(200);
    expect(await ask({ host: '10.0.0.7' })).toBe(200);
    expect(await ask({ host: 'a b' })).toBe(403);
  });

  it('is refused when a page of another site makes it, whatever it is', async () => {
    const { host } = new URL(api.url);
    expect(await ask({ host, origin: 'https://evil.example.com' })).toBe(403);
    expect(await ask({ host, origin: 'null' })).toBe(403);
    expect(await ask({ host, origin: `http://${host}` })).toBe(200);
  });

  it('gets no header that would let other sites in', async () => {
    const { headers } = await api.call('OPTIONS', '/api/runs', { headers: { 'access-control-request-method': 'GET' } });
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('an address behind a proxy', () => {
  it('is believed as far as there are proxies of ours, and is in the audit', async () => {
    const heard = async (proxies: string): Promise<string | undefined> => {
      await using behind = await startTestApi({ settings: { BELAY_API_PROXIES: proxies } });
      await behind.ledger.recordRun(exampleRun());
      const headers = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' };
      await behind.call('POST', '/api/runs/0123abcd/comments', { body: { text: 'x' }, headers });
      return (await behind.ledger.listAudit({ limit: 1 }))[0]?.address;
    };
    expect(await heard('0')).toBe('127.0.0.1');
    expect(await heard('1')).toBe('198.51.100.7');
  });
});

describe('too many calls', () => {
  it('are refused by token and by address, with when to come back', async () => {
    await using small = await startTestApi({ settings: { BELAY_API_CALLS_PER_MINUTE: '3', BELAY_API_ADDRESS_CALLS_PER_MINUTE: '6' } });
    const [one, other] = [await small.token('viewer'), await small.token('viewer')];
    const statuses = [];
    for (const token of [one, one, one, one, other, other, other])
      statuses.push((await small.call('GET', '/api/pipelines', { token })).status);
    // The seventh is one too many for the address, and not for a token that was let in before.
    expect(statuses).toEqual([200, 200, 200, 429, 200, 200, 200]);
    expect((await small.call('GET', '/api/pipelines', { token: await small.token('viewer') })).status).toBe(429);
    expect((await small.call('GET', '/api/pipelines', { token: undefined })).status).toBe(429);
    const refused = await small.call('GET', '/health', { token: undefined });
    expect(refused).toMatchObject({
      status: 429,
      json: { code: 'too_many_calls', detail: expect.stringContaining('this address') as string },
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit')).toContain('"address"');
  });
});

describe('a JWT', () => {
  const [issuer, audience] = ['https://login.example.com/', 'belay'];

  async function identity() {
    await using stack = new AsyncDisposableStack();
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' };
    let isUp = true;
    const keys = stack.use(
      await loopback(createServer((_, response) => void response.writeHead(isUp ? 200 : 500).end(JSON.stringify({ keys: [jwk] })))),
    );
    const settings = { BELAY_JWT_ISSUER: issuer, BELAY_JWT_AUDIENCE: audience, BELAY_JWT_JWKS_URL: `${keys.url}/jwks.json` };
    const served = stack.use(await startTestApi({ settings }));
    await served.ledger.recordRun(exampleRun());
    const sign = (claims: Record<string, unknown>, { key = privateKey, iss = issuer, aud = audience, exp = '5m', subject = 'ada' } = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .setIssuer(iss)
        .setAudience(aud)
        .setSubject(subject)
        .setExpirationTime(exp)
        .sign(key);
    const kept = stack.move();
    return { served, sign, down: () => (isUp = false), [Symbol.asyncDispose]: () => kept.disposeAsync() };
  }

  it('is told in the audit from a token of the same name', async () => {
    await using it = await identity();
    const jwt = await it.sign({ belay_role: 'operator', belay_repositories: '*' });
    const token = await it.served.token('operator', { name: 'ada' });
    for (const each of [jwt, token]) await it.served.call('POST', '/api/runs/0123abcd/comments', { token: each, body: { text: 'x' } });
    const entries = (await it.served.ledger.listAudit({ limit: 10 })).map(({ actor, detail }) => [actor, detail?.['caller']]);
    expect(entries).toEqual([
      ['ada', `jwt:${issuer}:ada`],
      ['ada', expect.stringMatching(/^token:/)],
    ]);
  });

  it.each(['a\nb', 'a\u202eb', ' ', ''])('for %j is for nobody', async (sub) => {
    await using it = await identity();
    const token = await it.sign({ belay_role: 'viewer', belay_repositories: '*' }, { subject: sub });
    expect([401, 403]).toContain((await it.served.call('GET', '/api/runs', { token })).status);
  });

  it('may what its claims say', async () => {
    await using it = await identity();
    const status = async (method: string, path: string, claims: Record<string, unknown>) =>
      (await it.served.call(method, path, { token: await it.sign(claims) })).status;
    expect(await status('GET', '/api/runs/0123abcd', { belay_role: 'viewer', belay_repositories: '*' })).toBe(200);
    expect(await status('GET', '/api/runs/0123abcd', { belay_role: 'viewer', belay_repositories: ['Acme/Shop'] })).toBe(200);
    expect(await status('GET', '/api/runs/0123abcd', { belay_role: 'admin', belay_repositories: ['acme/site'] })).toBe(404);
    expect(await status('GET', '/api/runs/0123abcd', { belay_role: 'admin' })).toBe(404);
    expect(await status('DELETE', '/api/runs/0123abcd', { belay_role: 'operator', belay_repositories: '*' })).toBe(403);
    expect(await status('GET', '/api/runs', { belay_role: 'root' })).toBe(403);
    expect(await status('GET', '/api/runs', {})).toBe(403);
  });

  it('of another issuer, audience or key, or one that is over, is none', async () => {
    await using it = await identity();
    const stranger = (await generateKeyPair('ES256')).privateKey;
    const claims = { belay_role: 'admin', belay_repositories: '*' };
    for (const changed of [{ iss: 'https://evil.example.com/' }, { aud: 'other' }, { key: stranger }, { exp: '-5m' }])
      expect(await it.served.call('GET', '/api/runs', { token: await it.sign(claims, changed) })).toMatchObject({
        status: 401,
        json: { code: 'token_invalid' },
      });
    const [head, body] = (await it.sign(claims)).split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`;
    for (const token of [none, `${head}.${body}.`])
      expect(await it.served.call('GET', '/api/runs', { token })).toMatchObject({ status: 401 });
  });

  it('cannot be checked while its keys cannot be had; tokens of Belay still count', async () => {
    await using it = await identity();
    it.down();
    const token = await it.sign({ belay_role: 'viewer' });
    expect(await it.served.call('GET', '/api/runs', { token })).toMatchObject({ status: 503, json: { code: 'identity_unreachable' } });
    expect(await it.served.call('GET', '/api/runs')).toMatchObject({ status: 200 });
  });
});
