import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestApi } from '../support/api.ts';
import type { TestApi } from '../support/api.ts';
import { openSocket } from '../support/event-socket.ts';
import { openStream } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { exampleRun } from '../support/example-run.ts';
import { loopback } from '../support/loopback.ts';

let api: TestApi;
const run = exampleRun();
beforeAll(async () => {
  api = await startTestApi({ settings: { BELAY_API_FOLLOWERS: '3', BELAY_API_FOLLOWERS_PER_TOKEN: '2' } });
  await api.ledger.recordRun(run);
});
afterAll(() => api[Symbol.asyncDispose]());

const stream = (token: string, path = '/api/events') => openStream({ url: `${api.url}${path}`, token });

async function refusedSocket(token: string): Promise<IncomingMessage> {
  const socket = new WebSocket(`${api.url.replace('http', 'ws')}/api/events`, { headers: { authorization: `Bearer ${token}` } });
  socket.on('error', () => {});
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  response.resume();
  return response;
}

test('a token keeps so many connections open and no more, in whatever way, until one of them ends', async () => {
  const token = await api.token('viewer');
  await using _socket = await openSocket({ url: api.url, token });
  await using log = await stream(token, `/api/runs/${run.id}/logs?follow=true`);
  expect(log.status).toBe(200);
  for (const path of ['/api/events', `/api/runs/${run.id}/events`, `/api/runs/${run.id}/logs?follow=true`])
    expect(await api.call('GET', path, { token })).toMatchObject({
      status: 429,
      json: { code: 'too_many_calls', hint: expect.stringContaining('BELAY_API_FOLLOWERS_PER_TOKEN') as string },
    });
  const refused = await refusedSocket(token);
  expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '5']);
  // What has an end is no following.
  expect((await api.call('GET', `/api/runs/${run.id}/logs`, { token })).status).toBe(200);
  await log[Symbol.asyncDispose]();
  await eventually(async () => {
    await using again = await stream(token);
    expect(again.status).toBe(200);
  });
});

test('all together keep no more open than the process may', async () => {
  const tokens = await Promise.all([api.token('viewer'), api.token('viewer')]);
  await eventually(async () => {
    await using one = await stream(tokens[0]);
    await using two = await stream(tokens[0]);
    await using three = await stream(tokens[1]);
    expect([one.status, two.status, three.status]).toEqual([200, 200, 200]);
    expect((await api.call('GET', '/api/events', { token: tokens[1] })).json).toMatchObject({
      code: 'too_many_calls',
      detail: '3 connections are kept open already to follow something.',
    });
  });
});

test('a request that is answered without its body keeps nothing open', async () => {
  const token = await api.token('viewer');
  for (let time = 1; time <= 5; time++) {
    const answer = await fetch(`${api.url}/api/events`, { method: 'HEAD', headers: { authorization: `Bearer ${token}` } });
    expect([200, 429]).toContain(answer.status);
  }
  await eventually(async () => {
    await using again = await stream(token);
    expect(again.status).toBe(200);
  });
});

test('a client that leaves while its token is looked up keeps nothing open', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const asked = Promise.withResolvers<ServerResponse>();
  await using keys = await loopback((_, response) => asked.resolve(response));
  const [issuer, audience] = ['https://login.example.com/', 'belay'];
  const identity = { BELAY_JWT_ISSUER: issuer, BELAY_JWT_AUDIENCE: audience, BELAY_JWT_JWKS_URL: keys.url };
  await using own = await startTestApi({ settings: { ...identity, BELAY_API_FOLLOWERS_PER_TOKEN: '1' } });
  const jwt = (subject: string) =>
    new SignJWT({ belay_role: 'viewer', belay_repositories: '*' })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(subject)
      .setExpirationTime('5m')
      .sign(privateKey);
  const [ada, bob] = await Promise.all([jwt('ada'), jwt('bob')]);
  const upgrade =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
  const { hostname, port } = new URL(own.url);
  const leaving = [`${ada}\r\n`, `${bob}\r\n${upgrade}`].map((rest) => {
    const socket = connect(Number(port), hostname);
    socket.write(`GET /api/events HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${rest}\r\n`);
    return socket;
  });
  const response = await asked.promise;
  expect((await own.call('GET', '/health')).status).toBe(200);
  // A socket that nobody takes hears of nothing less.
  for (const socket of leaving) socket.resetAndDestroy();
  await eventually(async () => expect(own.log.filter((line) => line.includes('"cut":true'))).toHaveLength(2));
  response.end(JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }] }));
  for (const token of [ada, bob]) {
    await using again = await openStream({ url: `${own.url}/api/events`, token });
    expect(again.status).toBe(200);
  }
});
