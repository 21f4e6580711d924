import type { RawData, WebSocket } from 'ws';
import { BelayError } from '../../contracts/errors.ts';
import { isAllowed } from '../caller.ts';
import { giveCancel } from '../give-order.ts';
import { internalError, told } from '../problems.ts';
import type { RawCall } from '../route.ts';
import { invalid, jsonOf, messageOf, refOf } from './messages.ts';
import type { ClientMessage, ServerMessage } from './messages.ts';
import { createOutbox } from './outbox.ts';
import { unlessBusy } from './sse.ts';
import { createSubscriptions } from './subscriptions.ts';

/** Close codes of RFC 6455 and its registry. */
const CLOSE = { refused: 1008, failed: 1011, restart: 1012 } as const;
/** A busy network may swallow one. */
const MAX_UNANSWERED = 2;
const MINUTE_MS = 60_000;

export interface ConnectionRequest extends Pick<RawCall, 'deps' | 'caller' | 'stillKnown'> {
  socket: WebSocket;
  /** Of the request that opened it, for the log. */
  id: string;
}

export interface Connection {
  /** Asks whether the client is there, and whether its token still counts. To be called every `heartbeatMs`. */
  beat(): Promise<void>;
  /** The server stops: the client is to come back, to the process that comes after this one. */
  goAway(): void;
}

/** Speaks docs/events.md with one client, until either has had enough. */
export function openConnection({ deps, caller, stillKnown, socket, id }: ConnectionRequest): Connection {
  const left = new AbortController();
  const outbox = createOutbox(socket);
  const reply = (message: ServerMessage, ref?: string): void =>
    outbox.reply(JSON.stringify(ref === undefined ? message : { ...message, ref }));
  const refuse = (thrown: unknown, ref?: string): void => {
    if (!(thrown instanceof BelayError)) deps.log.error({ err: thrown, request: id }, 'A message failed unexpectedly');
    reply({ type: 'error', ...told(thrown instanceof BelayError ? thrown : internalError(id)) }, ref);
  };
  const giveUp = (thrown: unknown, close: number): void => {
    refuse(thrown);
    socket.close(close, thrown instanceof BelayError ? thrown.code : 'internal');
  };
  const subscriptions = createSubscriptions({
    deps,
    caller,
    send: outbox.sendAll,
    onFailure: (error) => giveUp(error, CLOSE.failed),
    signal: left.signal,
  });
  const act = createActions({ deps, caller, subscriptions, reply });
  const count = createCount(deps.config.api.callsPerMinute.token);
  let unanswered = 0;
  listen(socket, async (data, isBinary) => {
    let ref: string | undefined;
    try {
      if (!count()) return giveUp(tooMany(), CLOSE.refused);
      if (isBinary) throw invalid('Messages are texts.');
      const value = jsonOf(textOf(data));
      ref = refOf(value);
      await act(messageOf(value));
    } catch (error) {
      refuse(error, ref);
    }
  });
  socket.on('pong', () => (unanswered = 0));
  // They are answered by themselves.
  socket.on('ping', outbox.checkWaiting);
  socket.once('close', () => left.abort());
  return {
    async beat() {
      if (unanswered++ >= MAX_UNANSWERED) return socket.terminate();
      socket.ping();
      await unlessBusy(stillKnown).catch((error: unknown) => giveUp(error, CLOSE.refused));
    },
    goAway: () => socket.close(CLOSE.restart, 'The API stops: connect again.'),
  };
}

type Act = (message: ClientMessage) => Promise<void>;
interface Acting extends Pick<RawCall, 'deps' | 'caller'> {
  subscriptions: ReturnType<typeof createSubscriptions>;
  reply: (message: ServerMessage, ref?: string) => void;
}

function createActions({ deps, caller, subscriptions, reply }: Acting): Act {
  return async (message) => {
    const { ref } = message;
    switch (message.type) {
      case 'subscribe': {
        const { runs, after } = message;
        return subscriptions.add({ runs, after, begin: (start) => reply({ type: 'subscribed', runs, after: start }, ref) });
      }
      case 'unsubscribe':
        subscriptions.remove(message.runs);
        return reply({ type: 'unsubscribed', runs: message.runs }, ref);
      case 'run.cancel':
        if (!isAllowed(caller, 'operator')) throw forbidden(caller.role);
        await giveCancel({ deps, caller }, message.run, { reason: message.reason });
        return reply({ type: 'run.cancelling', run: message.run }, ref);
      case 'ping':
        return reply({ type: 'pong' }, ref);
    }
  };
}

/** One message after the other: the next are not read meanwhile. */
function listen(socket: WebSocket, hear: (data: RawData, isBinary: boolean) => Promise<void>): void {
  let waiting = 0;
  let turn = Promise.resolve();
  socket.on('message', (data, isBinary) => {
    waiting++;
    socket.pause();
    turn = turn.then(async () => {
      await hear(data, isBinary);
      if (--waiting === 0) socket.resume();
    });
  });
}

const textOf = (data: RawData): string => (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString('utf8');

/** False beyond so many in a minute. */
function createCount(perMinute: number): () => boolean {
  let [since, count] = [0, 0];
  return () => {
    const now = performance.now();
    if (count === 0 || now - since > MINUTE_MS) [since, count] = [now, 0];
    return ++count <= perMinute;
  };
}

const tooMany = (): BelayError =>
  new BelayError({ code: 'too_many_calls', message: 'There were too many messages in a minute.', hint: 'Connect again in a minute.' });

const forbidden = (role: string): BelayError =>
  new BelayError({ code: 'not_allowed', message: `This needs the role operator; the token has ${role}.` });
