import { z } from 'zod';
import { RUN_EVENTS } from '../../contracts/service-records.ts';
import type { RunEvent } from '../../contracts/service-records.ts';
import { isClosed } from '../../orders/open-run.ts';
import { SSE_HEADERS, eventStream, pastStream } from '../events/sse.ts';
import { defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import { wholeNumber } from '../schemas/page.ts';
import { runParams } from '../schemas/run.ts';
import { takeSeat } from '../take-seat.ts';
import { visibleRun } from '../visible-run.ts';

const SSE = 'text/event-stream';
const eventsQuery = z.strictObject({
  after: wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER }).optional().meta({
    description: 'The id of the last event that is known already; the header Last-Event-ID comes before it',
  }),
});
const kinds = `\`${RUN_EVENTS.join('`, `')}\``;

const all = defineRoute({
  method: 'get',
  path: '/api/events',
  summary: 'What happens in all runs that the token may see, from now on: as Server-Sent Events, or a WebSocket',
  tag: 'Records',
  access: 'viewer',
  query: eventsQuery,
  resumable: true,
  success: { status: 200, description: `Events as they happen: ${kinds}. See docs/events.md`, mediaType: SSE },
  async handle(call) {
    const { deps, caller, query } = call;
    takeSeat(call);
    const after = await deps.events.begin(call.lastEventId ?? query.after);
    const following = { after, ...(caller.repositories ? { repositories: caller.repositories } : {}) };
    const body = eventStream({ call, following, check: () => Promise.resolve() });
    return { headers: SSE_HEADERS, body, stalledMs: deps.patience.stalledMs };
  },
});

const ofRun = defineRoute({
  method: 'get',
  path: '/api/runs/{id}/events',
  summary: 'What has happened in a run and what happens, as Server-Sent Events until it is over',
  tag: 'Records',
  access: 'viewer',
  params: runParams,
  query: eventsQuery,
  resumable: true,
  success: { status: 200, description: `Events, the oldest first: ${kinds}; at last \`end\`. See docs/events.md`, mediaType: SSE },
  alternatives: [{ status: 204, description: 'It is over, and the client knows everything: browsers do not connect again' }],
  async handle(call) {
    const { deps, params, lastEventId } = call;
    const run = await visibleRun(call, params.id);
    const after = await deps.events.begin(lastEventId ?? call.query.after ?? 0);
    const { stalledMs } = deps.patience;
    takeSeat(call);
    if (isClosed(run)) {
      const [more] = await deps.ledger.readEvents({ after, runId: run.id, limit: 1 });
      if (!more && lastEventId !== undefined) return { status: 204 };
      const end = { run: run.id, status: run.status };
      return { headers: SSE_HEADERS, body: pastStream({ deps, runId: run.id, after, end }), stalledMs };
    }
    // It may be deleted by now, or have been closed by hand: then there is no event that says so.
    const check = async (): Promise<void> => void (await visibleRun(call, run.id));
    return { headers: SSE_HEADERS, body: eventStream({ call, following: { after, runId: run.id }, check, endOf }), stalledMs };
  },
});

function endOf(events: readonly RunEvent[]): object | undefined {
  const last = events.findLast(({ type }) => type === 'run.completed');
  return last && { run: last.runId, status: last.data['status'] };
}

export const EVENT_ROUTES: readonly Route[] = [all, ofRun];
