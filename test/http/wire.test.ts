import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi } from '../support/api.ts';
import type { TestApi } from '../support/api.ts';
import { startPostgres } from '../support/postgres.ts';
import { sendRaw, statusesOf } from '../support/raw-http.ts';
import { recordedRun } from '../support/recorded-run.ts';

const ID = '0123abcd';
const MANY = '1000000';

describe.each(['SQLite', 'Postgres'])('over the wire, with the ledger in %s,', (database) => {
  const resources = new AsyncDisposableStack();
  let api: TestApi;
  let token: string;
  beforeAll(async () => {
    const limits = { BELAY_API_CALLS_PER_MINUTE: MANY, BELAY_API_ADDRESS_CALLS_PER_MINUTE: MANY };
    const url = database === 'Postgres' ? await resources.use(await startPostgres()).createDatabase('wire') : undefined;
    api = resources.use(await startTestApi({ settings: { ...limits, ...(url ? { BELAY_DATABASE_URL: url } : {}) } }));
    await recordedRun({ ...api, run: { id: ID, workflowId: 'local:acme/shop#1' } });
    token = await api.token('admin');
  });
  afterAll(() => resources.disposeAsync());

  const head = (line: string, ...headers: string[]): string =>
    [line, 'Host: localhost', `Authorization: Bearer ${token}`, ...headers, '', ''].join('\r\n');
  const get = (target: string, ...headers: string[]): string => head(`GET ${target} HTTP/1.1`, 'Connection: close', ...headers);
  const post = (target: string, body: string | Uint8Array, ...headers: string[]): Buffer => {
    const bytes = Buffer.from(body);
    const about = ['Content-Type: application/json', `Content-Length: ${bytes.length}`, 'Connection: close', ...headers];
    return Buffer.concat([Buffer.from(head(`POST ${target} HTTP/1.1`, ...about)), bytes]);
  };
  const send = async (bytes: string | Uint8Array): Promise<number[]> => statusesOf(await sendRaw(api.url, bytes));
  const note = (body: unknown, ...headers: string[]) => post(`/api/runs/${ID}/comments`, JSON.stringify(body), ...headers);

  it('requests that come at once are answered in their order, each for itself', async () => {
    const targets = Array.from({ length: 30 }, (_, index) => (index % 3 === 2 ? '/api/runs/zzzzzzzz' : `/api/runs/${ID}`));
    const statuses = targets.map((target) => (target.includes(ID) ? 200 : 404));
    const requests = targets.map((target) => head(`GET ${target} HTTP/1.1`));
    expect(await send(`${requests.join('')}${get('/health')}`)).toEqual([...statuses, 200]);
  });

  it('who asks first whether to send a body is told to, and what else is expected is refused', async () => {
    expect(await send(note({ text: 'x' }, 'Expect: 100-continue'))).toEqual([100, 201]);
    expect(await send(note({ text: 'x' }, 'Expect: the impossible'))).toEqual([417]);
  });

  it('a body in chunks is bounded by what it is, and refused where it is none', async () => {
    const chunk = `${(64 * 1024).toString(16)}\r\n${' '.repeat(64 * 1024)}\r\n`;
    const headers = ['Content-Type: application/json', 'Transfer-Encoding: chunked', 'Connection: close'];
    const about = head(`POST /api/runs/${ID}/comments HTTP/1.1`, ...headers);
    expect(await send(`${about}e\r\n{"text":"abc"}\r\n0\r\n\r\n`)).toEqual([201]);
    expect(await send(`${about}${chunk.repeat(20)}0\r\n\r\n`)).toEqual([413]);
    expect(await send(`${about}zz\r\nnonsense\r\n0\r\n\r\n`)).toEqual([400]);
  });

  it.each(['gzip', 'deflate', 'br', 'gzip, gzip', 'zstd', 'x'])('a body that is packed by %s is not unpacked', async (encoding) => {
    const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024, ' '));
    expect(await send(post(`/api/runs/${ID}/comments`, bomb, `Content-Encoding: ${encoding}`))).toEqual([415]);
  });

  it.each([
    ['two lengths', ['Content-Length: 3', 'Content-Length: 4'], 400],
    ['a length and chunks', ['Content-Length: 3', 'Transfer-Encoding: chunked'], 400],
    ['chunks that are not the last coding', ['Transfer-Encoding: chunked, gzip'], 400],
    ['a length that is none', ['Content-Length: -1'], 400],
    ['two names of the host', ['Host: evil.example.com'], 200],
    ['two tokens', ['Authorization: Bearer other'], 200],
    ['two ids of an event', ['Last-Event-ID: 1', 'Last-Event-ID: 2'], 200],
    ['a header with a control character', ['X-Some: a\u0001b'], 400],
    ['a folded header', ['X-Some: a', ' b'], 400],
    ['a header without a name', [': a'], 400],
    ['too many headers', Array.from({ length: 3000 }, (_, index) => `X-${index}: a`), 431],
    ['a long header', [`X-Some: ${'a'.repeat(20_000)}`], 431],
  ])('%s: is answered, and not by a failure', async (_, headers, status) => {
    expect(await send(get(`/api/runs/${ID}`, ...headers))).toEqual([status]);
  });

  it('a key that comes twice is none', async () => {
    const body = JSON.stringify({ repository: 'local/shop', request: 'x' });
    expect(await send(post('/api/runs', body, 'Idempotency-Key: a', 'Idempotency-Key: b'))).toEqual([400]);
  });

  it.each([
    ['http://localhost/api/runs/0123abcd', 200],
    ['http://evil.example.com/api/runs/0123abcd', 200],
    ['//api/runs/0123abcd', 404],
    ['/api/runs/../../0123abcd', 404],
    ['/api/runs/0123abcd;x=1', 400],
    ['/api/runs/0123abcd#fragment', 200],
    ['/api/runs/0123abcd?', 200],
    ['/api/runs?page=1000000&limit=200', 200],
    ['/api/runs?page=9007199254740993', 400],
    ['/api/runs?limit=9999999999999999', 400],
    ['/api/runs?from=9999-12-31T23:59:59Z', 200],
    ['/api/runs?from=0000-01-01T00:00:00Z&to=0000-01-01T00:00:00.000000000000000Z', 200],
    ['/api/runs?from=2026-02-30T00:00:00Z', 400],
    ['/api/runs?from=+275760-09-13T00:00:00Z', 400],
    ['/api/runs?triggeredBy=%00', 200],
    ['/api/runs?repository=a%00b', 200],
    ['/api/runs?triggeredBy=%ff%fe', 200],
    ['/api/runs?triggeredBy=%ED%A0%80', 200],
    ['/api/runs?__proto__=1', 400],
    ['/api/runs?a[b]=1', 400],
    ['/api/runs/%00', 400],
    ['/api/runs/%ff', 400],
    [`/api/runs/${ID}/logs?after=2147483647`, 200],
    [`/api/runs/${ID}/logs?after=2147483648`, 400],
    [`/api/runs/${ID}/logs?step=1000000`, 200],
    [`/api/runs/${ID}/events?after=9007199254740992`, 400],
    [`/api/runs/${ID}/steps?page=1000000&limit=200`, 200],
    [`/api/runs/${ID}/artifacts?page=1000000&limit=200`, 200],
    [`/${'a'.repeat(20_000)}`, 431],
    ['*', 404],
  ])('GET %s is answered with %i', async (target, status) => {
    expect(await send(get(target))).toEqual([status]);
  });

  it.each([
    ['GET / HTTP/1.0\r\n\r\n', [403]],
    ['GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n', [200]],
    ['GET /health HTTP/1.1\r\n\r\n', [400]],
    ['GET /health HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n', [403]],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
    ['CONNECT localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n', []],
    ['TRACE /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', [405]],
    ['BREW /health HTTP/1.1\r\nHost: localhost\r\n\r\n', [400]],
    ['OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', [401]],
  ])('%j is answered with %j', async (bytes, statuses) => {
    expect(await send(bytes)).toEqual(statuses);
  });

  it.each([
    ['bytes that are no UTF-8', Buffer.from('7b2274657874223a22ff22 7d'.replace(' ', ''), 'hex'), 400],
    ['half a surrogate', '{"text":"\\ud800"}', 201],
    ['a NUL', '{"text":"a\\u0000b","metadata":{"a\\u0000":"\\u0000"}}', 201],
    ['arrays in arrays', `{"text":"x","metadata":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`, 400],
    ['objects in objects', `{"text":"x","metadata":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`, 400],
    ['a prototype', '{"text":"x","__proto__":{"admin":true}}', 400],
    ['a prototype within', '{"text":"x","metadata":{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}}', 201],
    ['a number beyond all', '{"text":"x","step":1e400}', 400],
    ['a number that is not exact', '{"text":"x","step":9007199254740993}', 400],
    ['a number that no column holds', '{"text":"x","step":9007199254740991}', 400],
    ['numbers that are large', '{"text":"x","metadata":{"a":1e308,"b":-0,"c":5e-324,"d":99999999999999999999}}', 201],
    ['a key twice', '{"text":1,"text":"x"}', 201],
    ['a byte order mark', '\ufeff{"text":"x"}', 201],
    ['many fields', `{"text":"x",${Array.from({ length: 50_000 }, (_, index) => `"f${index}":1`).join(',')}}`, 400],
    ['a comment', '{"text":"x"} // done', 400],
  ])('a body with %s is answered, and not by a failure', async (_, body, status) => {
    expect(await send(post(`/api/runs/${ID}/comments`, body))).toEqual([status]);
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false);
  });

  it.each([
    ['a repository', { repository: '/etc\u0000', request: 'x' }],
    ['a repository of a forge', { repository: 'acme/\u0000', request: 'x' }],
    ['a request', { repository: '/nowhere', request: 'a\u0000b' }],
    ['a branch', { repository: '/nowhere', request: 'x', base: 'a\u0000b' }],
  ])('a start with a NUL in %s is refused', async (_, body) => {
    const [status] = await send(post('/api/runs', JSON.stringify(body)));
    expect([400, 422]).toContain(status);
  });

  it('nothing of it failed unexpectedly', () => {
    expect(api.log.filter((line) => line.includes('failed unexpectedly'))).toEqual([]);
  });
});
