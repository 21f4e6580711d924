import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { exampleStep } from '../../test/support/example-records.ts';
import { exampleRun } from '../../test/support/example-run.ts';
import { floodEvents } from '../../test/support/flood-events.ts';
import { quantile } from '../measure.ts';
import type { Bench } from '../measure.ts';
import { apiProcess } from '../service.ts';
import type { ApiProcess } from '../service.ts';

const CLIENTS = 1000;
/** They subscribe, and never read again. */
const SLOW = 200;
/** Of 4 KB each. */
const EVENTS = 200;
const PATIENCE_MS = 5 * 60_000;
const AT_MOST = 3;

/** 1,000 sockets of which some do not read: what everybody else feels of it. */
export const crowd: Bench = async ({ folder }) => {
  await using stack = new AsyncDisposableStack();
  const ledger = stack.use(await openLedger({ path: join(folder, 'ledger.db') }));
  await ledger.recordRun(exampleRun());
  const api = stack.use(await apiProcess({ home: folder, env: {} }));
  const idle = await ask(api, 200);
  const sockets = await gather(api);
  stack.defer(() => {
    for (const { socket } of sockets) socket.terminate();
  });
  const before = await api.rssMb();
  for (const { socket } of sockets.slice(0, SLOW)) socket.pause();
  floodEvents({ home: folder, runId: exampleStep.runId, count: EVENTS });
  const asking = ask(api, 200);
  let highest = before;
  const reading = sockets.slice(SLOW);
  const isHeard = (): boolean => reading.every(({ heard }) => heard() >= EVENTS);
  // A client that does not read does not see that it was left: the others do not see it either.
  for (const begun = performance.now(); !isHeard() && performance.now() - begun < PATIENCE_MS;) {
    highest = Math.max(highest, await api.rssMb());
    await sleep(100);
  }
  const busy = await asking;
  const [one, other] = [quantile(idle, 0.99), quantile(busy, 0.99)];
  return [
    {
      measure: `p99 of the API's answers while ${CLIENTS} sockets, ${SLOW} of them not reading, are sent ${EVENTS} events of 4 KB`,
      against: 'the same without sockets',
      baseline: `${one.toFixed(1)} ms`,
      subject: `${other.toFixed(1)} ms`,
      result: `${(other / one).toFixed(2)}x`,
      range: `${(highest - before).toFixed(0)} MB more at most, ${before.toFixed(0)} MB before`,
      goal: `all who read hear everything; ${AT_MOST}x would be well`,
      met: isHeard(),
    },
  ];
};

interface Listener {
  socket: WebSocket;
  heard(): number;
}

async function gather({ url, token }: ApiProcess): Promise<Listener[]> {
  const listeners: Listener[] = [];
  for (let count = 0; count < CLIENTS; count++) {
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/events`, { headers, perMessageDeflate: false });
    socket.on('error', () => {});
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'subscribe', runs: 'all' }));
    await once(socket, 'message');
    let heard = 0;
    socket.on('message', () => heard++);
    listeners.push({ socket, heard: () => heard });
  }
  return listeners;
}

async function ask({ url, token }: ApiProcess, times: number): Promise<number[]> {
  const durations: number[] = [];
  for (let count = 0; count < times; count++) {
    const begun = performance.now();
    const answer = await fetch(`${url}/api/runs?limit=20`, { headers: { authorization: `Bearer ${token}` } });
    await answer.text();
    durations.push(performance.now() - begun);
    await sleep(20);
  }
  return durations;
}
