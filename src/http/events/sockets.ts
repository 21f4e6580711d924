import type { Request, RequestHandler } from 'express';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { callerOf, knownOf } from '../locals.ts';
import { scopedTo } from '../dependencies.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { upgradeOf } from '../upgrade.ts';
import type { Upgrade } from '../upgrade.ts';
import { nothing } from '../visible-run.ts';
import { openConnection } from './connection.ts';
import type { Connection } from './connection.ts';

const PATH = '/api/events';
const PROTOCOL = 'belay.v1';
/** A hundred ids of runs are 1.1 KB, and a reason is 4,000 characters. */
const MAX_MESSAGE_BYTES = 16 * 1024;
/** For the client's own goodbye. */
const CLOSE_MS = 2000;

/** Takes the sockets of those who are known by now. */
export function acceptSockets(deps: ApiDependencies): RequestHandler {
  const connections = new Map<WebSocket, Connection>();
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    // What carries the token is not said again.
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  keepAlive(connections, deps);
  return (request, _response, next) => {
    const upgrade = upgradeOf(request);
    if (!upgrade) return next();
    if (request.path !== PATH) throw nothing(`There is no socket at ${request.path.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200)}.`);
    accept({ server, connections, deps, request, upgrade });
  };
}

interface Accepting {
  server: WebSocketServer;
  connections: Map<WebSocket, Connection>;
  deps: ApiDependencies;
  request: Request;
  upgrade: Upgrade;
}

function accept({ server, connections, deps, request, upgrade }: Accepting): void {
  // Whoever left while the token was looked up says so no more.
  if (upgrade.socket.destroyed) return;
  const { id } = knownOf(request);
  const [caller, begun] = [callerOf(request), performance.now()];
  const { authorization } = request.headers;
  const stillKnown = () => deps.authenticate({ authorization, address: caller.address });
  const stand = deps.seats.take(caller);
  upgrade.socket.once('close', stand);
  upgrade.take();
  server.handleUpgrade(request, upgrade.socket, upgrade.head, (socket) => {
    // What is wrong with a client's frames is told to it by the code that closes the socket.
    socket.on('error', (error) => deps.log.info({ request: id, err: error }, 'A socket broke'));
    const connection = openConnection({ deps: scopedTo(deps, caller), caller, stillKnown, socket, id });
    connections.set(socket, connection);
    if (deps.stopping.aborted) connection.goAway();
    deps.log.info({ request: id, path: PATH, caller: caller.name }, 'Socket opened');
    socket.once('close', (code) => {
      connections.delete(socket);
      const durationMs = Math.round(performance.now() - begun);
      deps.metrics.observe({ method: 'GET', path: PATH, status: 101, durationMs });
      deps.log.info({ request: id, path: PATH, caller: caller.name, code, durationMs }, 'Socket closed');
    });
  });
}

/** Until the server stops. */
function keepAlive(connections: ReadonlyMap<WebSocket, Connection>, { patience, stopping }: ApiDependencies): void {
  const beats = setInterval(() => {
    for (const connection of connections.values()) void connection.beat();
  }, patience.heartbeatMs).unref();
  stopping.addEventListener('abort', () => {
    clearInterval(beats);
    for (const connection of connections.values()) connection.goAway();
    setTimeout(() => {
      for (const socket of connections.keys()) socket.terminate();
    }, CLOSE_MS).unref();
  });
}
