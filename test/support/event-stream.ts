import type { RunEvent } from '../../src/contracts/service-records.ts';

/** One message of a stream of Server-Sent Events, as a browser would see it. */
interface SseMessage {
  event: string;
  id?: number;
  data: unknown;
}

export interface EventStream extends AsyncDisposable {
  readonly status: number;
  readonly headers: Headers;
  /** All that has been sent, comments too. */
  readonly text: () => string;
  /** The next message with data; undefined at the end. */
  next(): Promise<SseMessage | undefined>;
  /** Messages until one is of this kind, which is the last of them. */
  until(event: string): Promise<SseMessage[]>;
  /** The id by which a browser would ask for more. */
  lastId(): number | undefined;
}

interface StreamRequest {
  url: string;
  token: string;
  lastEventId?: number;
}

export async function openStream({ url, token, lastEventId }: StreamRequest): Promise<EventStream> {
  const left = new AbortController();
  const headers = { authorization: `Bearer ${token}`, ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }) };
  const response = await fetch(url, { headers, signal: left.signal });
  let [all, rest, last] = ['', '', lastEventId];
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  const block = async (): Promise<string | undefined> => {
    for (;;) {
      const end = rest.indexOf('\n\n');
      if (end >= 0) {
        const found = rest.slice(0, end);
        rest = rest.slice(end + 2);
        return found;
      }
      const chunk = await reader?.read();
      if (!chunk || chunk.done) return undefined;
      const text = decoder.decode(chunk.value, { stream: true });
      all += text;
      rest += text;
    }
  };
  const next = async (): Promise<SseMessage | undefined> => {
    for (;;) {
      const found = await block();
      if (found === undefined) return undefined;
      const fields = new Map(found.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
      const id = fields.get('id');
      if (id !== undefined) last = Number(id);
      const data = fields.get('data');
      if (data === undefined) continue;
      return {
        event: fields.get('event') ?? 'message',
        ...(id === undefined ? {} : { id: Number(id) }),
        data: JSON.parse(data) as unknown,
      };
    }
  };
  return {
    status: response.status,
    headers: response.headers,
    text: () => all,
    next,
    lastId: () => last,
    async until(event) {
      const seen: SseMessage[] = [];
      for (;;) {
        const message = await next();
        if (!message) throw new Error(`The stream ended before ${event}: ${all.slice(-500)}`);
        seen.push(message);
        if (message.event === event) return seen;
      }
    },
    async [Symbol.asyncDispose]() {
      left.abort();
      await reader?.cancel().catch(() => {});
    },
  };
}

export const eventOf = (message: SseMessage | undefined): RunEvent => message?.data as RunEvent;
