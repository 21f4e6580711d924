import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/contracts/error-catalogue.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { startTestApi } from '../support/api.ts';
import type { TestApi } from '../support/api.ts';
import { exampleRun } from '../support/example-run.ts';

const ID = '0123abcd';
const resources = new AsyncDisposableStack();
let api: TestApi;
beforeAll(async () => {
  const settings = { BELAY_API_CALLS_PER_MINUTE: '100000', BELAY_API_ADDRESS_CALLS_PER_MINUTE: '100000' };
  api = resources.use(await startTestApi({ settings }));
  await api.ledger.recordRun(exampleRun());
});
afterAll(() => resources.disposeAsync());

const post = (body: unknown, headers: Record<string, string> = {}) => api.call('POST', '/api/runs', { body, headers });
const good = { repository: 'local/shop', request: 'Do it' };

describe('a body', () => {
  it.each([
    ['nothing', undefined],
    ['no object', '[]'],
    ['null', 'null'],
    ['no JSON', '{"a":'],
    ['neither issue nor request', { repository: 'local/shop' }],
    ['both', { ...good, issue: '1' }],
    ['an unknown field', { ...good, evil: true }],
    ['a prototype', '{"repository":"local/shop","request":"x","__proto__":{"admin":true}}'],
    ['another type', { ...good, repository: 5 }],
    ['a path as an issue', { repository: 'local/shop', issue: '../../etc/passwd' }],
    ['an unknown pipeline', { ...good, pipeline: 'constructor' }],
    ['a model that is an option', { ...good, model: '--dangerously-skip-permissions' }],
    ['a budget below zero', { ...good, budgetUsd: -1 }],
    ['a budget that is none', '{"repository":"local/shop","request":"x","budgetUsd":1e999}'],
    ['an unknown approval', { ...good, approve: ['all'] }],
    ['a repository that is none', { ...good, repository: 'local/../../etc' }],
    ['a repository with a NUL', { ...good, repository: 'local/a\u0000b' }],
    ['an address elsewhere', { ...good, repository: 'https://evil.example.com/a/b' }],
  ])('with %s is refused with what is wrong', async (_, body) => {
    const { status, json, headers } = await post(body);
    expect(json).toMatchObject({ status: 400, code: 'invalid_input', type: 'urn:belay:error:invalid_input' });
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  });

  it('names every field that is wrong', async () => {
    const { json } = await post({ repository: '', pipeline: 'x', priority: 9, more: 1 });
    const { errors } = json as { errors: { field: string }[] };
    expect(errors.map(({ field }) => field)).toEqual(expect.arrayContaining(['body.repository', 'body.pipeline', 'body.priority', 'body']));
  });

  it('of more than a megabyte is too large, however it says how large it is', async () => {
    const large = JSON.stringify({ ...good, request: 'x'.repeat(1024 * 1024) });
    expect(await post(large)).toMatchObject({ status: 413, json: { code: 'body_too_large' } });
    const chunks = new ReadableStream({
      start(controller) {
        for (let sent = 0; sent < 20; sent++) controller.enqueue(new Uint8Array(64 * 1024).fill(32));
        controller.close();
      },
    });
    const response = await fetch(`${api.url}/api/runs`, {
      method: 'POST',
      body: chunks,
      duplex: 'half',
      headers: { authorization: `Bearer ${await api.token('operator')}`, 'content-type': 'application/json' },
    });
    expect(response.status).toBe(413);
    await response.text();
  });

  it('with more than a request may have is told so', async () => {
    expect(await post({ ...good, request: 'ä'.repeat(10_000) })).toMatchObject({ status: 422, json: { code: 'issue_too_large' } });
    expect(await post({ ...good, request: '  ' })).toMatchObject({ status: 422, json: { code: 'issue_empty' } });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/xml', ''])(
    'that is said to be %j is not read',
    async (type) => {
      const body = JSON.stringify(good);
      const headers = { 'content-type': type, 'content-length': String(body.length), connection: 'close' };
      expect((await raw('POST', '/api/runs', headers, body)).split(' ')[1]).toBe('415');
    },
  );

  it('in another character set or packed is not read', async () => {
    expect(await post(good, { 'content-type': 'application/json; charset=utf-7' })).toMatchObject({ status: 415 });
    const response = await fetch(`${api.url}/api/runs`, {
      method: 'POST',
      body: gzipSync(JSON.stringify(good)),
      headers: { authorization: `Bearer ${await api.token('operator')}`, 'content-type': 'application/json', 'content-encoding': 'gzip' },
    });
    expect(response.status).toBe(415);
    await response.text();
  });

  it('is not read by those who may not send it', async () => {
    const viewer = await api.token('viewer');
    expect(
      await api.call('POST', '/api/runs', { token: viewer, body: 'x'.repeat(2_000_000) }).catch(() => ({ status: 403 })),
    ).toMatchObject({ status: 403 });
  });

  it('names a path only where an admin sends it', async () => {
    const operator = await api.token('operator');
    const body = { ...good, repository: '/etc' };
    expect(await api.call('POST', '/api/runs', { token: operator, body })).toMatchObject({ status: 403, json: { code: 'not_allowed' } });
    expect(await post(body)).toMatchObject({ status: 422, json: { code: 'not_a_repository' } });
  });

  it('names a repository that is not known here', async () => {
    expect(await post(good)).toMatchObject({ status: 422, json: { code: 'repository_not_found' } });
  });
});

describe('a query', () => {
  it.each([
    'limit=0',
    'limit=201',
    'limit=-1',
    'limit=1e2',
    'limit=1&limit=2',
    'page=99999999999999999999',
    'status=gone',
    'status=',
    'sort=id;drop table runs',
    'from=yesterday',
    'pipeline=__proto__',
    'issue=%00',
    'issue=../1',
    'limt=5',
    'constructor=1',
    `repository=${'a'.repeat(300)}`,
  ])('with %s is refused', async (query) => {
    expect(await api.call('GET', `/api/runs?${query}`)).toMatchObject({ status: 400, json: { code: 'invalid_input' } });
  });

  it('that only looks hostile finds nothing', async () => {
    for (const value of ["' or 1=1 --", '%25', '%F0%9F%92%A9', '%ED%A0%80', '<script>'])
      expect(await api.call('GET', `/api/runs?triggeredBy=${value}`), value).toMatchObject({ status: 200, json: { total: 0 } });
  });
});

describe('an id', () => {
  it.each(['..%2f..%2fetc%2fpasswd', '%2e%2e', '%00', '0123ABCD', '0123', `${ID}%20`, `${ID}1`, 'a'.repeat(5000), '*', '__proto__'])(
    '%s is none',
    async (id) => {
      for (const path of [`/api/runs/${id}`, `/api/runs/${id}/logs`, `/api/artifacts/${id}/download`]) {
        const { status } = await api.call('GET', path);
        expect([400, 404], path).toContain(status);
      }
    },
  );

  it('that cannot be decoded is refused', async () => {
    expect(await api.call('GET', '/api/runs/%E0%A4%A')).toMatchObject({ status: 400 });
  });
});

describe('a method', () => {
  it.each([...new Set(ROUTES.map(({ path }) => path))])('that %s does not have is refused, with those that it has', async (path) => {
    const address = path.replace('{id}', ID).replace('{owner}/{name}', 'a/b');
    const methods = ROUTES.filter((route) => route.path === path).map(({ method }) => method.toUpperCase());
    for (const method of ['PUT', 'PATCH', 'OPTIONS', 'DELETE'].filter((each) => !methods.includes(each))) {
      const { status, headers } = await api.call(method, address);
      expect({ status, allow: headers.get('allow') }, method).toEqual({ status: 405, allow: methods.join(', ') });
    }
  });
});

describe('a key for sending a request again', () => {
  it('has visible characters only', async () => {
    for (const key of ['', 'a b', 'x'.repeat(256)])
      expect(await post(good, { 'idempotency-key': key }), key).toMatchObject({
        status: 400,
        json: { errors: [{ field: 'header.Idempotency-Key' }] },
      });
  });
});

describe('the document', () => {
  interface Document {
    openapi: string;
    paths: Record<string, Record<string, { operationId: string; security: unknown[]; responses: Record<string, unknown> }>>;
  }

  it('has every route, with what it may be refused with', async () => {
    const document = (await api.call('GET', '/openapi.json', { token: undefined })).json as Document;
    expect(document.openapi).toBe('3.1.0');
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(described.toSorted()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted());
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { method, path, access, body } of ROUTES) {
      const { security, responses } = document.paths[path]?.[method] ?? { security: [], responses: {} };
      expect(security.length, path).toBe(access === 'open' ? 0 : 1);
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['400', '429', '500', ...(body ? ['413', '415'] : [])]));
    }
  });

  it('knows every code of the catalogue', async () => {
    const { text: whole } = await api.call('GET', '/openapi.json');
    for (const code of Object.keys(ERRORS)) expect(whole).toContain(`"${code}"`);
  });

  it('can be read as a page, without anything from elsewhere', async () => {
    expect((await api.call('GET', '/docs', { token: undefined })).headers.get('location')).toBe('/docs/');
    const page = await api.call('GET', '/docs/', { token: undefined });
    expect(page.status).toBe(200);
    const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address);
    expect(assets.length).toBeGreaterThan(3);
    for (const address of assets) {
      expect(address).toMatch(/^\.\//);
      expect((await api.call('GET', `/docs/${address}`, { token: undefined })).status, address).toBe(200);
    }
    expect((await api.call('GET', '/docs/swagger-ui-init.js', { token: undefined })).text).toContain('/openapi.json');
  });
});

describe('a connection', () => {
  it('that speaks no HTTP is closed', async () => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.end('\u0016\u0003\u0001 nonsense\r\n\r\n');
    expect(await text(socket)).toContain('400 Bad Request');
  });
});

/** As it goes over the wire: `fetch` would add what is missing. */
async function raw(method: string, path: string, headers: Record<string, string>, body: string): Promise<string> {
  const { port, host } = new URL(api.url);
  const all = { host, authorization: `Bearer ${await api.token('operator')}`, ...headers };
  const socket = connect(Number(port), '127.0.0.1');
  const lines = Object.entries(all)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}`);
  socket.write(`${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body}`);
  return text(socket);
}
