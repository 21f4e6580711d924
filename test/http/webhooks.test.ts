import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { issueEvent } from '../support/webhook-payloads.ts';
import { SECRET, signed, waiting, webhookServer } from '../support/webhooks.ts';
import type { Delivering, WebhookServer } from '../support/webhooks.ts';

const idsOf = async ({ ledger }: WebhookServer): Promise<string[]> => (await waiting(ledger)).map(({ id }) => id);

describe('a delivery of GitHub', () => {
  test('is stored as it came before it is answered', async () => {
    await using server = await webhookServer();
    const payload = issueEvent({ action: 'labeled', label: 'belay', repository: 'Acme/Shop' });
    const answer = await server.deliver({ id: 'one', payload });
    expect([answer.status, await answer.json()]).toEqual([202, { delivery: 'one', known: false }]);
    expect(await waiting(server.ledger)).toEqual([
      {
        id: 'one',
        source: 'github',
        event: 'issues',
        action: 'labeled',
        repository: 'acme/shop',
        receivedAt: expect.any(String) as string,
        payload: JSON.stringify(payload),
        attempts: 1,
      },
    ]);
  });

  test('that comes again is not stored again', async () => {
    let woken = 0;
    await using server = await webhookServer({ onStored: () => woken++ });
    const answers = [];
    for (let time = 1; time <= 3; time++) answers.push(await (await server.deliver({ id: 'one' })).json());
    expect(answers.map((answer) => (answer as { known: boolean }).known)).toEqual([false, true, true]);
    expect(await idsOf(server)).toEqual(['one']);
    expect(woken).toBe(1);
  });

  test('of an event that nobody knows is stored too', async () => {
    await using server = await webhookServer();
    expect((await server.deliver({ id: 'one', event: 'no_such_event' })).status).toBe(202);
    expect(await idsOf(server)).toEqual(['one']);
  });

  test('that only asks whether somebody is there hears yes', async () => {
    await using server = await webhookServer();
    expect((await server.deliver({ event: 'ping', payload: { zen: 'Keep it logically awesome.', hook_id: 1 } })).status).toBe(200);
  });

  test('is signed with either secret while the secret is changed', async () => {
    await using server = await webhookServer({ secrets: () => ['new', 'old'] });
    const statuses = await Promise.all(['new', 'old', 'older'].map(async (secret) => (await server.deliver({ secret })).status));
    expect(statuses).toEqual([202, 202, 401]);
  });

  test("is signed as GitHub's documentation says", () => {
    expect(signed('Hello, World!', SECRET)).toBe('sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17');
  });

  test('is checked by its bytes: the same JSON written otherwise has another signature', async () => {
    await using server = await webhookServer();
    const headers = { 'x-hub-signature-256': signed('{"a":1}', SECRET) };
    const statuses = [];
    for (const body of ['{"a":1}', '{"a": 1}', '{"a":1}\n']) statuses.push((await server.deliver({ body, headers })).status);
    expect(statuses).toEqual([202, 401, 401]);
  });

  const other = signed('{}', 'another secret');
  test.each<[number, string, Delivering]>([
    [401, 'no signature', { headers: { 'x-hub-signature-256': '' } }],
    [401, 'the signature of another secret', { secret: 'another secret' }],
    [401, 'a signature without its kind', { headers: { 'x-hub-signature-256': other.slice(7) } }],
    [401, 'a signature that is cut', { headers: { 'x-hub-signature-256': signed('{}', SECRET).slice(0, -1) } }],
    [401, 'a signature in letters of another size', { headers: { 'x-hub-signature-256': signed('{}', SECRET).toUpperCase() } }],
    [401, 'the signature of an older kind only', { headers: { 'x-hub-signature-256': '', 'x-hub-signature': 'sha1=0' } }],
    [401, 'a signature that is long', { headers: { 'x-hub-signature-256': `sha256=${'0'.repeat(4000)}` } }],
    [415, 'a form', { body: 'payload=%7B%7D', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    [415, 'a body that is compressed', { headers: { 'content-encoding': 'gzip' } }],
    [400, 'a body that is cut', { body: '{"action":' }],
    [400, 'a body that is no object', { body: '"text"' }],
    [400, 'a list', { body: '[]' }],
    [400, 'an action that is no word', { payload: { action: { nested: true } } }],
    [400, 'no body', { body: '' }],
    [400, 'no event', { headers: { 'x-github-event': '' } }],
    [400, 'an event that is no name', { event: '../../etc' }],
    [400, 'no id', { headers: { 'x-github-delivery': '' } }],
    [400, 'an id that is long', { id: 'a'.repeat(101) }],
  ])('is answered with %i for %s, and not stored', async (status, _, delivery) => {
    await using server = await webhookServer();
    const answer = await server.deliver(delivery);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({ status, title: expect.any(String) as string });
    expect(await idsOf(server)).toEqual([]);
  });

  test('that is too large is refused, whatever it says of its size', async () => {
    await using server = await webhookServer({ maxBytes: 1000 });
    const body = JSON.stringify({ text: randomBytes(1000).toString('hex') });
    expect((await server.deliver({ body })).status).toBe(413);
    expect((await server.deliver({ body: JSON.stringify({ text: 'x'.repeat(900) }) })).status).toBe(202);
  });

  test('without a signature is refused before its body has come', async () => {
    await using server = await webhookServer();
    const { hostname, port, pathname } = new URL(server.url);
    const answer = Promise.withResolvers<string>();
    const socket = connect(Number(port), hostname, () => {
      socket.write(`POST ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\ncontent-length: 20000000\r\n\r\n{`);
    });
    socket.on('data', (data) => answer.resolve(data.toString()));
    expect(await answer.promise).toMatch(/^HTTP\/1.1 401 /);
    socket.destroy();
  });

  test('cannot come where no secret is set', async () => {
    await using server = await webhookServer({ secrets: () => [] });
    expect((await server.deliver({ secret: '' })).status).toBe(503);
    expect(await idsOf(server)).toEqual([]);
  });

  test('that cannot be stored is not taken for stored, and the reason is told to us only', async () => {
    const problems: unknown[] = [];
    await using server = await webhookServer({
      store: () => Promise.reject(new Error('the disk is full of secrets')),
      onProblem: (error) => problems.push(error),
    });
    const answer = await server.deliver({});
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '30']);
    expect(await answer.text()).not.toContain('secrets');
    expect(problems).toEqual([new Error('the disk is full of secrets')]);
  });

  test('that is wrong is told to wait where its address was turned away too often', async () => {
    await using server = await webhookServer({ refusalsPerMinute: 3 });
    const statuses: number[] = [];
    for (let time = 1; time <= 5; time++) statuses.push((await server.deliver({ secret: 'another' })).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    expect((await server.deliver({ headers: { 'x-hub-signature-256': '' } })).status).toBe(429);
  });

  test('that is right is taken beside any number of wrong ones of its address', async () => {
    await using server = await webhookServer({ refusalsPerMinute: 3 });
    for (let time = 1; time <= 4; time++) await server.deliver({ secret: 'another' });
    const strangers = Array.from({ length: 100 }, () => server.deliver({ secret: 'another' }));
    const right = Array.from({ length: 20 }, async () => (await server.deliver({})).status);
    expect(new Set(await Promise.all(right))).toEqual(new Set([202]));
    expect(new Set((await Promise.all(strangers)).map(({ status }) => status))).toEqual(new Set([429]));
    // Nothing of it is read.
    expect((await server.deliver({ payload: { text: 'x'.repeat(1024 * 1024) } })).status).toBe(429);
  });

  test('is not kept out by bodies that are only said to come', async () => {
    await using server = await webhookServer();
    const { hostname, port, pathname } = new URL(server.url);
    const head = `POST ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\nx-hub-signature-256: ${signed('', 'x')}\r\ncontent-length: 26000000\r\n\r\n{`;
    const sockets = Array.from({ length: 10 }, () => connect(Number(port), hostname));
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.write(head, resolve))));
    expect((await server.deliver({})).status).toBe(202);
    for (const socket of sockets) socket.destroy();
  });

  test('is never too many while it is right', async () => {
    await using server = await webhookServer({ refusalsPerMinute: 3 });
    const statuses = await Promise.all(Array.from({ length: 20 }, async () => (await server.deliver({})).status));
    expect(new Set(statuses)).toEqual(new Set([202]));
  });

  test.each(['GET', 'PUT', 'DELETE'])('by %s is none', async (method) => {
    await using server = await webhookServer();
    expect((await fetch(server.url, { method })).status).toBe(404);
  });
});
