import type { WebSocket } from 'ws';

/** What may wait for a client that does not read what it asked for. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** What is sent over a socket, as fast as its client takes it. */
export interface Outbox {
  /** Resolves when the client's side has taken it. One batch is under way at a time: what comes after waits where it is. */
  sendAll(messages: readonly Buffer[]): Promise<void>;
  /** Sent at once. A client that only asks, and does not read the answers, is dropped. */
  reply(text: string): void;
  /** To be called where something is sent by itself. */
  checkWaiting(): void;
}

export function createOutbox(socket: WebSocket): Outbox {
  let before = Promise.resolve();
  const checkWaiting = (): void => {
    if (socket.bufferedAmount > MAX_WAITING_BYTES) socket.terminate();
  };
  return {
    sendAll(messages) {
      const sent = before.then(() => sendBatch(socket, messages));
      before = sent;
      return sent;
    },
    reply(text) {
      socket.send(text, ignoreClosed);
      checkWaiting();
    },
    checkWaiting,
  };
}

/** Where the socket has closed, its `close` says so. */
const ignoreClosed = (): void => {};

function sendBatch(socket: WebSocket, messages: readonly Buffer[]): Promise<void> {
  return new Promise((resolve) => {
    const last = messages.length - 1;
    for (const [index, message] of messages.entries())
      socket.send(message, { binary: false }, index === last ? () => resolve() : ignoreClosed);
    if (last < 0) resolve();
  });
}
