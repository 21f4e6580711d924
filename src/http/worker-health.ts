import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BelayError } from '../contracts/errors.ts';

export interface WorkerHealth extends AsyncDisposable {
  /** `http://127.0.0.1:7789`. */
  readonly url: string;
}

export interface WorkerHealthRequest {
  /** `host:port`; port 0 takes a free one. */
  address: string;
  /** Why the worker could not take up work now; undefined where it could. */
  obstacle: () => Promise<string | undefined>;
}

/**
 * Answers for a worker, to those who watch it: `/health` while the process does, `/ready` while it takes up work. Temporal being away is no
 * reason to restart a worker, so only the second one tells of it.
 */
export async function serveWorkerHealth({ address, obstacle }: WorkerHealthRequest): Promise<WorkerHealth> {
  const { hostname, port } = new URL(`http://${address}`);
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    const answer = (status: number, body: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, { status: 'not allowed' });
    if (path === '/health') return answer(200, { status: 'ok' });
    if (path !== '/ready') return answer(404, { status: 'nothing here' });
    void obstacle()
      .catch(String)
      .then((reason) => (reason === undefined ? answer(200, { status: 'ok' }) : answer(503, { status: 'not ready', reason })));
  });
  await listening(server, { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 80 : Number(port), address });
  return {
    url: `http://${hostname}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listening(server: Server, { host, port, address }: { host: string; port: number; address: string }): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw new BelayError({
      code: 'address_unusable',
      message: `The worker cannot answer for itself at ${address}: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'Name another address in BELAY_WORKER_HEALTH, or unset it.',
      cause: error,
    });
  }
}
