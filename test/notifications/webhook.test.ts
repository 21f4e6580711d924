import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { NOTICES } from '../../src/contracts/constants.ts';
import { signatureOf } from '../../src/notifications/signature.ts';
import { createWebhook } from '../../src/notifications/webhook.ts';
import type { Notification } from '../../src/notifications/webhook.ts';
import { loopback } from '../support/loopback.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SECRET = 'between-us';
const notification: Notification = {
  id: 'e1-12',
  event: 'run.parked',
  at: '2026-11-30T04:20:11.482Z',
  text: 'Belay, acme/shop: #12 Größe is wrong',
  run: {
    id: '7k2m9qtx',
    workflowId: 'github:acme/shop#12',
    pipeline: 'sdlc',
    repository: 'acme/shop',
    title: '#12 Größe is wrong',
    status: 'parked',
    triggeredBy: 'ada',
    costUsd: 0.4,
  },
};

const webhook = (url: string, secret?: string) => createWebhook({ url: () => url, env: {}, events: NOTICES, secret: () => secret });

async function listener(status = 204, headers: Record<string, string> = {}) {
  const heard: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = await loopback((request, response) => {
    void text(request).then((body) => {
      heard.push({ headers: request.headers, body });
      response.writeHead(status, headers).end();
    });
  });
  return { heard, url: `${server.url}/hook`, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

describe('a delivery', () => {
  it('says which it is, and is signed over its time and its bytes', async () => {
    await using server = await listener();
    await webhook(server.url, SECRET).send(notification);
    const [{ headers, body } = { headers: {}, body: '' }] = server.heard;
    expect(JSON.parse(body)).toEqual(notification);
    expect(headers).toMatchObject({ 'x-belay-delivery': 'e1-12', 'x-belay-event': 'run.parked', 'content-type': 'application/json' });
    const timestamp = String(headers['x-belay-timestamp']);
    expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(60);
    expect(headers['x-belay-signature']).toBe(signatureOf({ secret: SECRET, timestamp, body }));
    expect(headers['x-belay-signature']).not.toBe(signatureOf({ secret: SECRET, timestamp: `${timestamp}0`, body }));
  });

  it('is signed with the secret, and sent to the address, of the moment', async () => {
    await using first = await listener();
    await using second = await listener();
    let [url, secret] = [first.url, 'one'];
    const { send } = createWebhook({ url: () => url, env: {}, events: NOTICES, secret: () => secret });
    await send(notification);
    [url, secret] = [second.url, 'two'];
    await send(notification);
    for (const [server, of] of [[first, 'one'] as const, [second, 'two'] as const]) {
      const [{ headers, body } = { headers: {}, body: '' }] = server.heard;
      expect(headers['x-belay-signature']).toBe(signatureOf({ secret: of, timestamp: String(headers['x-belay-timestamp']), body }));
    }
  });

  it('without a secret has no signature', async () => {
    await using server = await listener();
    await webhook(server.url).send(notification);
    expect(server.heard[0]?.headers).not.toHaveProperty('x-belay-signature');
  });

  it('that is refused, or sent elsewhere, was not accepted', async () => {
    await using other = await listener();
    await using moved = await listener(307, { location: other.url });
    await expect(webhook(moved.url).send(notification)).rejects.toMatchObject({
      code: 'notification_failed',
      message: expect.stringContaining('it answers 307') as string,
    });
    expect(other.heard).toEqual([]);
    await using refusing = await listener(401);
    await expect(webhook(refusing.url).send(notification)).rejects.toMatchObject({ code: 'notification_failed', class: 'retry' });
  });

  it('is verified by the example of the documentation, once', async () => {
    await using folder = await temporaryDirectory();
    const page = await readFile(new URL('../../docs/notifications.md', import.meta.url), 'utf8');
    const example = join(folder.path, 'receiver.mjs');
    await writeFile(example, /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? '');
    await using stack = new AsyncDisposableStack();
    const receiver = execa('node', [example], { env: { BELAY_NOTIFY_SECRET: SECRET, PORT: '0' }, stdin: 'ignore', reject: false });
    stack.defer(async () => {
      receiver.kill();
      await receiver;
    });
    const said: string[] = [];
    const lines = createInterface({ input: receiver.stdout }).on('line', (line) => said.push(line));
    await once(lines, 'line');
    const url = `http://127.0.0.1:${said[0]?.replace('port ', '')}/`;
    await webhook(url, SECRET).send(notification);
    await webhook(url, SECRET).send(notification);
    await expect(webhook(url, 'another').send(notification)).rejects.toThrow('it answers 401');
    const old = '1700000000';
    const body = JSON.stringify(notification);
    const headers = { 'x-belay-timestamp': old, 'x-belay-signature': signatureOf({ secret: SECRET, timestamp: old, body }) };
    expect((await fetch(url, { method: 'POST', body, headers })).status).toBe(401);
    expect(said.slice(1)).toEqual([notification.text]);
  });
});
