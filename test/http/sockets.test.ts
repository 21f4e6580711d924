import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestApi } from '../support/api.ts';
import type { TestApi } from '../support/api.ts';
import { openSocket } from '../support/event-socket.ts';
import { eventually } from '../support/eventually.ts';
import { floodEvents } from '../support/flood-events.ts';
import { exampleStep as step } from '../support/example-records.ts';
import { exampleRun } from '../support/example-run.ts';

const runId = '0123abcd';
const site = '0123abce';
const over = '0123abcf';
const IMPATIENT = { heartbeatMs: 100, stalledMs: 2000 };

const resources = new AsyncDisposableStack();
let api: TestApi;
let token: string;
let step1 = 0;
/** A step that no test has recorded yet. */
const nextStep = (of = runId): Promise<void> => api.ledger.recordStep({ ...step, runId: of, number: ++step1 });

beforeAll(async () => {
  const settings = { BELAY_API_CALLS_PER_MINUTE: '5000', BELAY_API_ADDRESS_CALLS_PER_MINUTE: '100000' };
  api = resources.use(await startTestApi({ settings }));
  await api.ledger.recordRun(exampleRun());
  await api.ledger.recordRun(exampleRun({ id: site, workflowId: 'local:acme/site#1', repository: 'acme/site' }));
  await api.ledger.recordRun(exampleRun({ id: over, workflowId: 'local:acme/shop#3', status: 'failed' }));
  token = await api.token('viewer');
});
afterAll(() => resources.disposeAsync());

const open = (as = token) => openSocket({ url: api.url, token: as });

describe('a socket', () => {
  it('tells of the runs that it was asked for, until it is told not to', async () => {
    await using client = await open();
    const after = await api.ledger.latestEvent();
    expect(await client.ask({ type: 'subscribe', runs: [runId] })).toMatchObject({ type: 'subscribed', runs: [runId], after });
    await nextStep(site);
    await nextStep();
    expect(await client.event()).toMatchObject({ runId, type: 'step.updated', repository: 'acme/shop', data: { number: step1 } });
    expect(await client.ask({ type: 'subscribe', runs: [site] })).toMatchObject({ type: 'subscribed', runs: [site] });
    expect(await client.ask({ type: 'unsubscribe', runs: [runId] })).toMatchObject({ type: 'unsubscribed', runs: [runId] });
    await nextStep();
    await nextStep(site);
    expect(await client.event()).toMatchObject({ runId: site, data: { number: step1 } });
    expect(client.messages).toEqual([]);
  });

  it('tells of all runs, each once, and of those alone that the token may see', async () => {
    await using client = await open();
    await using some = await open(await api.token('viewer', { repositories: ['acme/site'] }));
    await client.ask({ type: 'subscribe', runs: [runId] });
    for (const each of [client, some]) expect(await each.ask({ type: 'subscribe', runs: 'all' })).toMatchObject({ runs: 'all' });
    await nextStep();
    await nextStep(site);
    expect([(await client.event()).runId, (await client.event()).runId]).toEqual([runId, site]);
    expect((await some.event()).runId).toBe(site);
    expect([...client.messages, ...some.messages]).toEqual([]);
    expect(await client.ask({ type: 'subscribe', runs: [runId] })).toMatchObject({ type: 'error', code: 'invalid_input' });
  });

  it('goes on after the last event that a client knows, with none lost or doubled', async () => {
    const known: number[] = [];
    let after = await api.ledger.latestEvent();
    const begin = step1 + 1;
    for (let round = 0; round < 3; round++) {
      await using client = await open();
      const recorded = (async () => {
        for (let count = 0; count < 150; count++) await nextStep();
      })();
      await client.ask({ type: 'subscribe', runs: [runId], after });
      while (known.length < round * 150 + 100) {
        const { id, data } = await client.event();
        after = id;
        known.push(data['number'] as number);
      }
      await recorded;
    }
    await using client = await open();
    await client.ask({ type: 'subscribe', runs: [runId], after });
    while (known.length < 450) known.push((await client.event()).data['number'] as number);
    expect(known).toEqual(Array.from({ length: 450 }, (_, index) => begin + index));
  });

  it('does not know runs that the token may not see', async () => {
    await using client = await open(await api.token('admin', { repositories: ['acme/site'] }));
    for (const message of [
      { type: 'subscribe', runs: [site, runId] },
      { type: 'run.cancel', run: runId },
    ])
      expect(await client.ask(message)).toMatchObject({ type: 'error', code: 'not_found', message: `There is no run ${runId}.` });
    await nextStep(site);
    expect(await client.ask({ type: 'ping' })).toEqual({ type: 'pong', ref: 'r3' });
  });

  it('cancels runs for operators, and for nobody below', async () => {
    await using viewer = await open();
    expect(await viewer.ask({ type: 'run.cancel', run: runId })).toMatchObject({ type: 'error', code: 'not_allowed' });
    await using operator = await open(await api.token('operator', { name: 'ops' }));
    expect(await operator.ask({ type: 'run.cancel', run: over })).toMatchObject({ type: 'error', code: 'wrong_state' });
    expect(await operator.ask({ type: 'run.cancel', run: runId, reason: 'enough' })).toMatchObject({ code: 'temporal_unreachable' });
    const entries = await api.ledger.listAudit({ limit: 10, runId });
    expect(entries.map(({ actor, action }) => `${actor} ${action}`)).toEqual(['ops run.cancel', 'ops run.cancel.refused']);
    expect(entries[0]).toMatchObject({ source: 'api', role: 'operator', detail: { reason: 'enough' } });
  });
});

describe('a message that makes no sense', () => {
  it('is answered with what is wrong, and the socket goes on', async () => {
    await using client = await open();
    const hostile: unknown[] = [
      'no json',
      '',
      'null',
      '[]',
      '"subscribe"',
      '{"type":"subscribe"}',
      '{"type":"__proto__"}',
      '{"__proto__":{"type":"ping"}}',
      { type: 'subscribe', runs: [] },
      { type: 'subscribe', runs: ['../../etc'] },
      { type: 'subscribe', runs: 'ALL' },
      { type: 'subscribe', runs: [runId], after: -1 },
      { type: 'subscribe', runs: [runId], after: 1e300 },
      { type: 'subscribe', runs: [runId], unknown: true },
      { type: 'subscribe', runs: Array.from({ length: 101 }, () => runId) },
      { type: 'run.cancel' },
      { type: 'run.cancel', run: runId, reason: 7 },
      { type: 'ping', ref: 'x'.repeat(65) },
      `[${'['.repeat(7000)}${']'.repeat(7000)}]`,
    ];
    for (const message of hostile) {
      client.send(message);
      expect(await client.next(), JSON.stringify(message).slice(0, 80)).toMatchObject({ type: 'error', code: 'invalid_input' });
    }
    client.socket.send(Buffer.from([1, 2, 3]));
    expect(await client.next()).toMatchObject({ type: 'error', code: 'invalid_input' });
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
  });

  it('ends the socket when it is too long, or no frame at all', async () => {
    await using long = await open();
    long.send('x'.repeat(17 * 1024));
    expect(await long.closed).toBe(1009);
    const { hostname, port } = new URL(api.url);
    const raw = connect(Number(port), hostname);
    raw.write(
      `GET /api/events HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    expect(String((await once(raw, 'data'))[0])).toContain('101 Switching Protocols');
    raw.write(Buffer.alloc(100, 0xff));
    await once(raw.resume(), 'close');
    expect(await api.call('GET', '/health')).toMatchObject({ status: 200 });
  });

  it('ends the socket when there are too many, or too many runs', async () => {
    await using small = await startTestApi({ settings: { BELAY_API_CALLS_PER_MINUTE: '5' } });
    await using client = await openSocket({ url: small.url, token: await small.token('viewer') });
    for (let count = 0; count < 10; count++) client.send({ type: 'ping' });
    expect(await client.closed).toBe(1008);
    expect(client.messages.map(({ type }) => type)).toEqual(['pong', 'pong', 'pong', 'pong', 'pong', 'error']);
  });
});

describe('who gets in', () => {
  const attempt = async (options: { path?: string; protocols?: string[]; headers?: Record<string, string> }) => {
    const { path = '/api/events', protocols = [], headers = {} } = options;
    const socket = new WebSocket(`${api.url.replace('http', 'ws')}${path}`, protocols, { headers });
    const answer = await Promise.race([
      once(socket, 'open').then(() => 101),
      once(socket, 'unexpected-response').then(([, response]) => (response as { statusCode: number }).statusCode),
    ]);
    socket.on('error', () => {}).terminate();
    return { answer, protocol: socket.protocol };
  };
  const known = () => ({ authorization: `Bearer ${token}` });

  it('has a token, in a header or as browsers can say it', async () => {
    expect(await attempt({ headers: known() })).toEqual({ answer: 101, protocol: '' });
    expect(await attempt({ protocols: ['belay.v1', `belay.bearer.${token}`] })).toEqual({ answer: 101, protocol: 'belay.v1' });
    expect(await attempt({})).toMatchObject({ answer: 401 });
    expect(await attempt({ protocols: ['belay.v1'] })).toMatchObject({ answer: 401 });
    expect(await attempt({ protocols: ['belay.v1', `belay.bearer.${token.slice(0, -1)}x`] })).toMatchObject({ answer: 401 });
    expect(await attempt({ path: `/api/events?token=${token}` })).toMatchObject({ answer: 401 });
  });

  it('comes from a page of ours, to a name of ours, at the address that is there', async () => {
    const { host } = new URL(api.url);
    expect(await attempt({ headers: { ...known(), origin: `http://${host}` } })).toMatchObject({ answer: 101 });
    expect(await attempt({ headers: { ...known(), origin: 'https://evil.example.com' } })).toMatchObject({ answer: 403 });
    expect(await attempt({ headers: { ...known(), host: 'evil.example.com' } })).toMatchObject({ answer: 403 });
    expect(await attempt({ path: '/api/runs', headers: known() })).toMatchObject({ answer: 404 });
    expect(await attempt({ path: '/health' })).toMatchObject({ answer: 200 });
    const { port, hostname } = new URL(api.url);
    // Another protocol than a socket's is not asked for: the request is answered as it is.
    const raw = connect(Number(port), hostname);
    raw.end(`GET /health HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n`);
    expect(String((await once(raw, 'data'))[0])).toMatch(/^HTTP\/1\.1 200/);
  });

  it('is in no log with the token, and is noted when coming and going', async () => {
    await attempt({ protocols: ['belay.v1', `belay.bearer.${token}`] });
    await eventually(async () => expect(api.log.join('')).toContain('Socket closed'));
    expect(api.log.join('')).not.toContain(token.slice(-40));
  });
});

test('a peer that does not answer is closed, and so is one whose token has ended', async () => {
  await using quick = await startTestApi({ patience: IMPATIENT });
  await using alive = await openSocket({ url: quick.url, token: await quick.token('viewer') });
  await using dead = await openSocket({ url: quick.url, token: await quick.token('viewer') });
  await using revoked = await openSocket({ url: quick.url, token: await quick.token('viewer', { name: 'short' }) });
  dead.socket.pause();
  await quick.ledger.revokeToken('short', new Date().toISOString());
  expect(await revoked.closed).toBe(1008);
  expect(revoked.messages).toMatchObject([{ type: 'error', code: 'token_invalid' }]);
  await eventually(async () => expect(quick.log.filter((line) => line.includes('"code":1006'))).toHaveLength(1));
  expect(await alive.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
});

test('a client that only asks and never reads is dropped', async () => {
  await using own = await startTestApi({ settings: { BELAY_API_CALLS_PER_MINUTE: '1000000' } });
  await own.ledger.recordRun(exampleRun());
  await using client = await openSocket({ url: own.url, token: await own.token('viewer') });
  await client.ask({ type: 'subscribe', runs: [runId] });
  client.socket.pause();
  // More than its socket holds; the answers come on top of it.
  floodEvents({ home: own.home, runId, count: 4000 });
  const senseless = JSON.stringify({ type: 'ping', ['x'.repeat(480)]: 1 });
  await eventually(async () => {
    for (let count = 0; count < 200; count++) client.send(senseless);
    expect(own.log.filter((line) => line.includes('"code":1006'))).toHaveLength(1);
  });
  client.socket.resume();
  expect(await client.closed).toBe(1006);
});

test('200 clients hear of an event, and are told to come back when the API stops', async () => {
  await using crowded = await startTestApi();
  await crowded.ledger.recordRun(exampleRun());
  const as = await crowded.token('viewer');
  await using clients = new AsyncDisposableStack();
  const all = await Promise.all(Array.from({ length: 200 }, async () => clients.use(await openSocket({ url: crowded.url, token: as }))));
  await Promise.all(all.map((client, index) => client.ask({ type: 'subscribe', runs: index % 2 ? 'all' : [runId] })));
  await crowded.ledger.recordStep(step);
  expect(new Set((await Promise.all(all.map((client) => client.event()))).map(({ id }) => id)).size).toBe(1);
  await crowded.stop();
  expect(new Set(await Promise.all(all.map(({ closed }) => closed)))).toEqual(new Set([1012]));
});
