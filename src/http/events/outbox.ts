import type { WebSocket } from 'ws';

/** What may wait for a client that does not read what it asked for. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** What is sent over a socket, as fast as its client takes it. */
export interface Outbox {
  /** Resolves when the client's side has taken it. One batch is under way at a time: what comes after waits where it is. */
  sendAll(texts: readonly string[]): Promise<void>;
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
    sendAll(texts) {
      const sent = before.then(() => sendBatch(socket, texts));
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

function sendBatch(socket: WebSocket, texts: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const last = texts.length - 1;
    for (const [index, text] of texts.entries()) socket.send(text, index === last ? () => resolve() : ignoreClosed);
    if (last < 0) resolve();
  });
}
