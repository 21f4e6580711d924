import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { BelayError } from '../contracts/errors.ts';
import { isUpgrade, passUpgrades } from './upgrade.ts';

/** How long clients may take, in milliseconds. */
export interface ServingTimes {
  /** Headers come at once, or from somebody who wants to keep the connection busy. */
  headersMs: number;
  /** As long as 1 MB takes on a bad line. */
  requestMs: number;
  /** How often these two are looked at. */
  checkMs: number;
  /** A connection on which nothing moves for so long has nobody at its other end, or somebody who only wants to hold it. */
  stalledMs: number;
}

export const SERVING_TIMES: ServingTimes = { headersMs: 10_000, requestMs: 60_000, checkMs: 2000, stalledMs: 90_000 };
/** More than any answer takes that does not follow something, and those are told to end. */
const DRAIN_MS = 15_000;
const IDLE_MS = 50;

export interface ServedApi extends AsyncDisposable {
  /** `http://127.0.0.1:7788`. */
  readonly url: string;
  readonly port: number;
}

export interface ServeRequest {
  app: Express;
  host: string;
  /** 0: a free one. */
  port: number;
  /** `SERVING_TIMES` unless told. */
  times?: ServingTimes | undefined;
  /** Told before the answers that are under way are waited for. */
  stop: () => void;
}

/** Listens. Disposing takes no new requests, waits for the answers that are under way, and cuts none of them. */
export async function serveApi({ app, host, port, stop, times = SERVING_TIMES }: ServeRequest): Promise<ServedApi> {
  const { headersMs: headersTimeout, requestMs: requestTimeout, checkMs: connectionsCheckingInterval, stalledMs } = times;
  const limits = { headersTimeout, requestTimeout, connectionsCheckingInterval };
  const server = createServer({ ...limits, shouldUpgradeCallback: isUpgrade }, app);
  server.setTimeout(stalledMs);
  const upgraded = passUpgrades(server, app);
  await listening(server, host, port);
  const { port: actual } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    port: actual,
    url: `http://${name}:${actual}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      stop();
      server.close();
      server.closeIdleConnections();
      // Connections that have had their answer are kept for a next request, which nobody takes.
      const idle = setInterval(() => server.closeIdleConnections(), IDLE_MS);
      const late = setTimeout(() => {
        server.closeAllConnections();
        // Those are not the server's any more.
        for (const socket of upgraded) socket.destroy();
      }, DRAIN_MS);
      await closed;
      clearInterval(idle);
      clearTimeout(late);
    },
  };
}

async function listening(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL' && code !== 'ENOTFOUND') throw error;
    throw new BelayError({
      code: 'address_unusable',
      message: `The API cannot listen at port ${port} of ${host} (${code}).`,
      hint: 'Name others in BELAY_API_PORT and BELAY_API_HOST.',
      cause: error,
    });
  }
}
