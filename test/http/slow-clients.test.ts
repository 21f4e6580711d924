import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { SERVING_TIMES } from '../../src/http/serve-api.ts';
import { startTestApi } from '../support/api.ts';
import type { TestApi } from '../support/api.ts';
import { openSocket } from '../support/event-socket.ts';
import { eventually } from '../support/eventually.ts';
import { exampleRun } from '../support/example-run.ts';
import { floodEvents } from '../support/flood-events.ts';
import { deliverTo, SECRET, signed, waiting, webhookServer } from '../support/webhooks.ts';

const runId = '0123abcd';
const MANY = '1000000';
const LIMITS = { BELAY_API_CALLS_PER_MINUTE: MANY, BELAY_API_ADDRESS_CALLS_PER_MINUTE: MANY };
const IMPATIENT = { ...SERVING_TIMES, headersMs: 1500, requestMs: 2000, checkMs: 50 };
const DRIBBLERS = 20;

/** Sends a byte now and then, and never comes to an end; gives what was answered when the server had enough. */
async function dribble(url: string, beginning: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  socket.write(beginning);
  const drip = setInterval(() => socket.write('a'), 20);
  socket.once('close', () => clearInterval(drip));
  return text(socket).catch(() => '');
}

describe('a client that never comes to an end with its request', () => {
  const resources = new AsyncDisposableStack();
  let api: TestApi;
  let authorization: string;
  beforeAll(async () => {
    const settings = { ...LIMITS, GITHUB_WEBHOOK_SECRET: SECRET, GITHUB_TOKEN: 'ghp_of_a_test', BELAY_REPOSITORIES: 'acme/shop' };
    api = resources.use(await startTestApi({ settings, times: IMPATIENT }));
    await api.ledger.recordRun(exampleRun());
    authorization = `Authorization: Bearer ${await api.token('admin')}`;
  });
  afterAll(() => resources.disposeAsync());

  const post = (path: string, ...headers: string[]): string =>
    [`POST ${path} HTTP/1.1`, 'Host: localhost', 'Content-Type: application/json', 'Content-Length: 1000000', ...headers, '', '{'].join(
      '\r\n',
    );

  it('is let go, whatever it dribbles, and others are answered meanwhile', async () => {
    const comments = `/api/runs/${runId}/comments`;
    const beginnings = {
      headers: 'GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ',
      body: post(comments, authorization),
      chunks: post(comments, authorization).replace('Content-Length: 1000000', 'Transfer-Encoding: chunked'),
      'body that nobody wants': post('/health'),
      'body without a token': post(comments),
      delivery: post('/webhooks/github', `X-Hub-Signature-256: sha256=${'0'.repeat(64)}`),
    };
    const slow = Object.entries(beginnings).flatMap(([name, beginning]) =>
      Array.from({ length: DRIBBLERS }, async () => ({ name, answer: await dribble(api.url, beginning) })),
    );
    for (let count = 0; count < 10; count++) expect((await api.call('GET', `/api/runs/${runId}`)).status).toBe(200);
    for (const { name, answer } of await Promise.all(slow)) expect(answer, name).toMatch(/^$|^HTTP\/1\.1 (?:4\d\d|200) /);
  });

  it('and says nothing at all is let go', async () => {
    const { hostname, port } = new URL(api.url);
    const silent = Array.from({ length: DRIBBLERS }, () => connect(Number(port), hostname).resume());
    await Promise.all(silent.map((socket) => once(socket, 'close')));
  });
});

/** Asks, and then neither reads nor says that it has gone. */
async function vanish(url: string, request: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.on('error', () => {}).pause();
  socket.write(request);
  return socket;
}

test('a client that vanishes before its answer is let go', async () => {
  await using api = await startTestApi({ settings: LIMITS, times: { ...SERVING_TIMES, stalledMs: 2000 } });
  await api.ledger.recordRun(exampleRun());
  // More than the sockets of both sides hold.
  const entry = { runId, source: 'test', at: '2026-11-20T10:00:00.000Z', level: 'info', message: 'x'.repeat(20_000) } as const;
  for (let begun = 0; begun < 600; begun += 100)
    await api.ledger.appendLogs(Array.from({ length: 100 }, (_, index) => ({ ...entry, seq: begun + index })));
  const request = `GET /api/runs/${runId}/logs?limit=1000 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${await api.token('viewer')}\r\n\r\n`;
  const gone = await vanish(api.url, request);
  await eventually(async () => expect(api.log.filter((line) => line.includes('"cut":true'))).toHaveLength(1));
  expect((await api.call('GET', '/health')).status).toBe(200);
  gone.destroy();
});

test('deliveries that are said to be large, and do not come, keep no other out', async () => {
  await using server = await webhookServer({ uncheckedBytes: 1_000_000 });
  const { hostname, port, pathname } = new URL(server.url);
  const head = `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 25000000\r\nX-Hub-Signature-256: ${signed('', 'x')}\r\n\r\n{`;
  const slow = await Promise.all(Array.from({ length: 50 }, () => vanish(`http://${hostname}:${port}`, head)));
  expect((await deliverTo(server.url, { id: 'real' })).status).toBe(202);
  for (const socket of slow) socket.destroy();
  expect((await waiting(server.ledger)).map(({ id }) => id)).toEqual(['real']);
});

test('more of what nobody has checked than there may be is refused, with when to come again', async () => {
  await using server = await webhookServer({ uncheckedBytes: 1000 });
  const body = JSON.stringify({ text: 'x'.repeat(2000) });
  const answer = await deliverTo(server.url, { body });
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '30']);
  await answer.text();
  expect((await deliverTo(server.url, {})).status).toBe(202);
});

test('a body that goes on after its refusal counts no more, and keeps no other out', async () => {
  await using server = await webhookServer({ uncheckedBytes: 1000 });
  const { hostname, port, pathname } = new URL(server.url);
  const head = `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 8000000\r\nX-Hub-Signature-256: ${signed('', 'x')}\r\n\r\n`;
  for (let time = 1; time <= 5; time++) {
    const socket = await vanish(`http://${hostname}:${port}`, head);
    socket.write(Buffer.alloc(8_000_000, 'x'));
    await new Promise((resolve) => socket.resume().once('close', resolve));
  }
  expect((await deliverTo(server.url, {})).status).toBe(202);
});

test('slow sockets among many are closed, and all others hear everything', async () => {
  await using api = await startTestApi({ settings: LIMITS, patience: { heartbeatMs: 1500, stalledMs: 1500 } });
  await api.ledger.recordRun(exampleRun());
  const token = await api.token('viewer');
  await using clients = new AsyncDisposableStack();
  const all = await Promise.all(Array.from({ length: 60 }, async () => clients.use(await openSocket({ url: api.url, token }))));
  await Promise.all(all.map((client) => client.ask({ type: 'subscribe', runs: 'all' })));
  const slow = all.filter((_, index) => index % 6 === 0);
  for (const { socket } of slow) socket.pause();
  floodEvents({ home: api.home, runId, count: 200 });
  const heard = all.filter((client) => !slow.includes(client));
  for (const client of heard) for (let count = 0; count < 200; count++) await client.event();
  await eventually(async () => expect(api.log.filter((line) => line.includes('"code":1006'))).toHaveLength(slow.length));
  expect(await heard[0]?.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
});
