import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { WebSocket, WebSocketServer } from 'ws';
import { startApi } from '../../src/api.ts';
import { loadConfig } from '../../src/config.ts';
import { newToken } from '../../src/http/tokens.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { exampleStep } from '../../test/support/example-records.ts';
import { exampleRun } from '../../test/support/example-run.ts';
import { interleaved, ratioRow, timed } from '../measure.ts';
import type { Bench } from '../measure.ts';

const CLIENTS = 1000;
const EVENTS = 50;

/** A crowd of sockets, and how many messages each has had. */
interface Crowd extends AsyncDisposable {
  /** Resolves when each has had so many, from now on. */
  heard(count: number): Promise<void>;
}

/** Events of one run to everybody who follows all; both sides of the sockets are in this process. */
export const followers: Bench = async ({ folder, pairs }) => {
  await using bare = await bareServer();
  await using api = await followedApi(folder);
  const measure = `${EVENTS} events to ${CLIENTS} sockets, from the recording on`;
  const measured = await interleaved({ name: measure, count: pairs, baseline: () => bare.round(), subject: () => api.round() });
  return [ratioRow({ measure, against: 'bare sockets that are sent the same', atMost: Number.POSITIVE_INFINITY, ...measured })];
};

async function followedApi(folder: string) {
  await using stack = new AsyncDisposableStack();
  const many = { BELAY_API_CALLS_PER_MINUTE: '1000000', BELAY_API_ADDRESS_CALLS_PER_MINUTE: '1000000' };
  const env = { ...process.env, BELAY_HOME: folder, BELAY_API_PORT: '0', ...many };
  const ledger = stack.use(await openLedger({ path: join(folder, 'ledger.db') }));
  await ledger.recordRun(exampleRun());
  const { id, token, hash } = newToken();
  await ledger.createToken({ id, name: id, hash, role: 'viewer', repositories: null, createdAt: new Date().toISOString() });
  const api = stack.use(await startApi({ config: loadConfig(env), env, log: createLog({ level: 'error' }) }));
  const crowd = stack.use(await gather(`${api.url.replace('http', 'ws')}/api/events`, token));
  let number = 0;
  const kept = stack.move();
  return {
    round: () =>
      timed(async () => {
        const heard = crowd.heard(EVENTS);
        for (let count = 0; count < EVENTS; count++) await ledger.recordStep({ ...exampleStep, number: ++number });
        await heard;
      }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function bareServer() {
  await using stack = new AsyncDisposableStack();
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  stack.defer(() => server.close());
  await once(server, 'listening');
  // Who subscribes is answered, so that both crowds are gathered alike.
  server.on('connection', (socket) => socket.on('message', () => socket.send('{}')));
  const crowd = stack.use(await gather(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, ''));
  const text = JSON.stringify({ type: 'event', event: { id: 1, ...exampleStep, data: exampleStep } });
  const kept = stack.move();
  return {
    round: () =>
      timed(async () => {
        const heard = crowd.heard(EVENTS);
        for (let count = 0; count < EVENTS; count++) for (const socket of server.clients) socket.send(text);
        await heard;
      }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function gather(url: string, token: string): Promise<Crowd> {
  const sockets: WebSocket[] = [];
  let [missing, done] = [0, (): void => {}];
  const heard = (count: number): Promise<void> => {
    missing = count * CLIENTS;
    return new Promise((resolve) => (done = resolve));
  };
  for (let count = 0; count < CLIENTS; count++) {
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` }, perMessageDeflate: false });
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'subscribe', runs: 'all' }));
    await once(socket, 'message');
    socket.on('message', () => {
      if (--missing === 0) done();
    });
    sockets.push(socket);
  }
  return {
    heard,
    async [Symbol.asyncDispose]() {
      const closed = sockets.map((socket) => once(socket, 'close'));
      for (const socket of sockets) socket.terminate();
      await Promise.all(closed);
    },
  };
}
