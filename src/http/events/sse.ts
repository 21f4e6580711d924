import { BelayError } from '../../contracts/errors.ts';
import type { RunEvent } from '../../contracts/service-records.ts';
import { told } from '../problems.ts';
import type { RawCall } from '../route.ts';
import { eventText } from './event-text.ts';
import type { Following } from './event-feed.ts';

export interface SseRequest {
  call: Pick<RawCall, 'deps' | 'signal' | 'stillKnown'>;
  following: Omit<Following, 'silenceMs' | 'signal'>;
  /** Asked now and then: throws where there is nothing to follow any more. */
  check: () => Promise<void>;
  /** What is said at the end, once there is an event after which nothing comes. */
  endOf?: (events: readonly RunEvent[]) => object | undefined;
}

/** Browsers connect again by themselves, after so long. A restarted API is back by then. */
const RETRY_MS = 2000;

export const SSE_HEADERS: Record<string, string> = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Nothing else comes on this connection, and proxies (nginx) are not to hold anything back.
  connection: 'close',
  'x-accel-buffering': 'no',
};

/** Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html) until the end, or until the server stops. */
export async function* eventStream({ call, following, check, endOf = () => undefined }: SseRequest): AsyncGenerator<string> {
  const { deps, signal, stillKnown } = call;
  const { heartbeatMs } = deps.patience;
  // With an id at once, so that who loses the connection before the first event misses none.
  yield `retry: ${RETRY_MS}\nid: ${following.after}\n\n`;
  let checked = performance.now();
  try {
    for await (const events of deps.events.follow({ ...following, silenceMs: heartbeatMs, signal })) {
      yield events.length === 0 ? ':\n\n' : events.map(sseText).join('');
      const end = endOf(events);
      if (end) {
        yield messageText('end', end);
        return;
      }
      if (events.length > 0 && performance.now() - checked < heartbeatMs) continue;
      await unlessBusy(stillKnown);
      await unlessBusy(check);
      checked = performance.now();
    }
  } catch (error) {
    if (!(error instanceof BelayError)) throw error;
    yield messageText('problem', told(error));
  }
  if (deps.stopping.aborted) yield `: the API stops\nretry: ${RETRY_MS}\n\n`;
}

/** Everything that is kept of a run that is over. */
export async function* pastStream({ deps, runId, after, end }: PastRequest): AsyncGenerator<string> {
  yield `retry: ${RETRY_MS}\nid: ${after}\n\n`;
  for (let known = after; ;) {
    const events = await deps.ledger.readEvents({ after: known, runId, limit: PAST_BATCH });
    if (events.length === 0) break;
    yield events.map(sseText).join('');
    known = events.at(-1)?.id ?? known;
  }
  yield messageText('end', end);
}

interface PastRequest {
  deps: Pick<RawCall['deps'], 'ledger'>;
  runId: string;
  after: number;
  end: object;
}

const PAST_BATCH = 100;

const sseText = (event: RunEvent): string => `id: ${event.id}\nevent: ${event.type}\ndata: ${eventText(event)}\n\n`;
const messageText = (event: string, data: object): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** A database or an issuer of tokens that does not answer for a moment ends nothing: it is asked again. */
export async function unlessBusy(ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof BelayError) || error.class !== 'retry') throw error;
  }
}
