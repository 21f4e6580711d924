import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { connectionOf, nameOf } from './postgres-connection.ts';
import { postgresError } from './postgres-errors.ts';
import type { EventWatch } from './service-ledger.ts';

export const EVENTS_CHANNEL = 'belay_events';
/** A database that restarts is there again within seconds. */
const RECONNECT_MS = 1000;
/** A connection that has gone without a word is noticed within this time, and what was missed is read. */
const PULSE_MS = 15_000;

/** Watches for what Postgres is told of events, on a connection of its own, which is made anew when it breaks. */
export function listenForEvents({ url, ...watch }: EventWatch & { url: () => string }): AsyncDisposable {
  const over = new AbortController();
  const teller = oneAtATime(watch);
  const keepListening = async (): Promise<void> => {
    do {
      try {
        await listen({ url: url(), signal: over.signal, onNews: teller.tell });
      } catch (error) {
        if (!over.signal.aborted) watch.onProblem(postgresError({ place: nameOf(url()), error }));
      }
    } while (await sleep(RECONNECT_MS, true, { signal: over.signal, ref: false }).catch(() => false));
  };
  const ended = keepListening();
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await ended;
      await teller.done();
    },
  };
}

/** Returns when it is to end, throws when the connection does. */
async function listen({ url, signal, onNews }: { url: string; signal: AbortSignal; onNews: () => void }): Promise<void> {
  const client = new Client({ ...connectionOf(url), query_timeout: PULSE_MS });
  // `end` comes after it; both are waited for.
  client.on('error', () => {});
  const broken = once(client, 'end');
  // It may break before anybody waits for that.
  broken.catch(() => {});
  try {
    await client.connect();
    client.on('notification', onNews);
    await client.query(`listen ${EVENTS_CHANNEL}`);
    // What came before it listened.
    onNews();
    while (!signal.aborted) {
      const pulse = AbortSignal.any([signal, AbortSignal.timeout(PULSE_MS)]);
      const isBroken = await Promise.race([broken.then(() => true), once(pulse, 'abort').then(() => false)]);
      if (isBroken) throw new Error('Connection terminated.');
      if (signal.aborted) return;
      await client.query('select 1');
      // What could not be read when it was told of.
      onNews();
    }
  } finally {
    await client.end().catch(() => {});
  }
}

/** News that come while somebody still reads have them read once more. */
function oneAtATime({ onNews, onProblem }: EventWatch): { tell: () => void; done: () => Promise<void> } {
  let reading: Promise<void> | undefined;
  let isNewer = false;
  const read = async (): Promise<void> => {
    do {
      isNewer = false;
      try {
        await onNews();
      } catch (error) {
        onProblem(error);
      }
    } while (isNewer);
    reading = undefined;
  };
  return {
    tell() {
      isNewer = true;
      reading ??= read();
    },
    done: async () => reading,
  };
}
