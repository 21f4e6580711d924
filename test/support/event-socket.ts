import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { RunEvent } from '../../src/contracts/service-records.ts';

type Message = Record<string, unknown> & { type: string };

/** A client of `/api/events`. */
export interface EventSocket extends AsyncDisposable {
  readonly socket: WebSocket;
  /** What has come and was not asked for yet. */
  readonly messages: readonly Message[];
  send(message: unknown): void;
  /** The next message. */
  next(): Promise<Message>;
  /** The next message, which is an event. */
  event(): Promise<RunEvent>;
  /** Sends it, and gives what is answered; events that come before are kept. */
  ask(message: object): Promise<Message>;
  /** The code that it was closed with. */
  readonly closed: Promise<number>;
}

interface SocketRequest {
  url: string;
  token: string;
}

export async function openSocket({ url, token }: SocketRequest): Promise<EventSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/events`, { headers: { authorization: `Bearer ${token}` } });
  const messages: Message[] = [];
  let wake = (): void => {};
  socket.on('message', (data: Buffer) => {
    messages.push(JSON.parse(data.toString('utf8')) as Message);
    wake();
  });
  const closed = new Promise<number>((resolve) => {
    socket.once('close', (code) => {
      resolve(code);
      wake();
    });
  });
  await once(socket, 'open');
  let asked = 0;
  const find = async (wanted: (message: Message) => boolean): Promise<Message> => {
    for (;;) {
      const index = messages.findIndex(wanted);
      const [found] = index >= 0 ? messages.splice(index, 1) : [];
      if (found) return found;
      if (socket.readyState >= WebSocket.CLOSING) throw new Error(`The socket is closed (${await closed}).`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  const send = (message: unknown): void => socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  return {
    socket,
    messages,
    closed,
    send,
    next: () => find(() => true),
    event: async () => (await find(({ type }) => type === 'event'))['event'] as RunEvent,
    async ask(message) {
      const ref = `r${++asked}`;
      send({ ref, ...message });
      return find((answer) => answer['ref'] === ref);
    },
    async [Symbol.asyncDispose]() {
      socket.terminate();
      await closed;
    },
  };
}
