import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { BelayError } from '../contracts/errors.ts';

const LOOPBACK = '127.0.0.1';
/** Says that a connection is counted: from then on the servers stay. */
const WELCOME = 'belay\n';
const WELCOME_MS = 5000;

export interface ServeUsageRequest {
  /** Called once, when nobody has used it for `graceMs`; also when nobody ever came. Without it, users come and go for ever. */
  onUnused?: () => void;
  /** How long it stays without users. */
  graceMs: number;
}

/** Counts who uses the embedded servers by their open connections: the kernel closes those of a killed process. */
export interface UsageServer extends AsyncDisposable {
  readonly port: number;
  readonly users: number;
}

export interface Usage extends Disposable {
  /** Settles when the servers have gone, or on disposal. */
  readonly lost: Promise<void>;
}

export async function serveUsage({ onUnused, graceMs }: ServeUsageRequest): Promise<UsageServer> {
  const users = new Set<Socket>();
  let timer: NodeJS.Timeout | undefined;
  const server = createServer((socket) => {
    clearTimeout(timer);
    users.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      users.delete(socket);
      if (users.size === 0 && server.listening) waitForUsers();
    });
    // A user's half-closed connection is a closed one; read, or its end is never seen.
    socket.resume().write(WELCOME);
  });
  const waitForUsers = (): void => {
    clearTimeout(timer);
    if (!onUnused) return;
    timer = setTimeout(() => {
      // From here on nobody is welcomed: whoever comes starts servers of their own.
      server.close();
      onUnused();
    }, graceMs);
  };
  await once(server.listen(0, LOOPBACK), 'listening');
  const { port } = server.address() as AddressInfo;
  waitForUsers();
  return {
    port,
    get users() {
      return users.size;
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      const closed = server.listening ? once(server, 'close') : undefined;
      server.close();
      for (const socket of users) socket.destroy();
      await closed;
    },
  };
}

/** Keeps the embedded servers up until it is disposed or this process ends. Throws `BelayError` temporal_unreachable. */
export async function attachUsage({ port }: { port: number }): Promise<Usage> {
  const socket = createConnection({ host: LOOPBACK, port });
  socket.on('error', () => {});
  const lost = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const welcome = once(socket, 'data', { signal: AbortSignal.timeout(WELCOME_MS) }).then(([text]) => String(text) === WELCOME);
  const welcomed = await Promise.race([welcome, lost.then(() => false)]).catch(() => false);
  if (!welcomed) {
    socket.destroy();
    throw new BelayError({
      code: 'temporal_unreachable',
      message: `The embedded servers that should be at port ${port} are gone.`,
      hint: 'Try again: they are started anew.',
    });
  }
  // The connection is for the kernel to close: it must not keep a process alive that has nothing else to do.
  socket.resume().unref();
  return { lost, [Symbol.dispose]: () => void socket.destroy() };
}
