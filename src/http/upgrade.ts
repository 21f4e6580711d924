import { ServerResponse } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Socket } from 'node:net';
import type { Express, Request } from 'express';

/** A request to go on as a WebSocket. */
export interface Upgrade {
  socket: Socket;
  head: Buffer;
  /** Has Express give the connection away: nothing is answered by it any more. */
  take(): void;
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>();

/** Browsers cannot set headers of sockets; they can name protocols. */
const TOKEN_PROTOCOL = /(?:^|,)\s*belay\.bearer\.([\w.~+-]{1,8192})\s*(?:,|$)/;

export const isUpgrade = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket';
export const upgradeOf = (request: Request): Upgrade | undefined => upgrades.get(request);

/** An answer to somebody who does not read it is not waited for longer. */
const UNTAKEN_MS = 30_000;

/** Has the app answer requests for sockets like all others, so that what keeps those out keeps these out too. Gives those that are open. */
export function passUpgrades(server: Server, app: Express): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!(socket instanceof Socket)) throw new Error('The server is not one of TCP.');
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // Until somebody takes it, nobody else hears that the client has gone.
    const gone = (): void => void socket.destroy();
    socket.on('error', gone);
    socket.setTimeout(UNTAKEN_MS, gone);
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.destroySoon());
    const take = (): void => {
      response.detachSocket(socket);
      socket.off('error', gone);
      socket.setTimeout(0);
      socket.off('timeout', gone);
    };
    upgrades.set(request, { socket, head, take });
    const [, token] = TOKEN_PROTOCOL.exec(request.headers['sec-websocket-protocol'] ?? '') ?? [];
    if (token !== undefined) request.headers.authorization ??= `Bearer ${token}`;
    app(request, response);
  });
  return open;
}
