import { z } from 'zod';
import { PHASES } from '../../contracts/constants.ts';
import type { StoredLogEntry } from '../../ledger/ledger.ts';
import { unlessBusy } from '../events/sse.ts';
import { LOG_LEVELS, followLog, readLogPage } from '../log-stream.ts';
import type { Following, LogSource } from '../log-stream.ts';
import { defineRoute } from '../route.ts';
import type { Call, RawCall, Route } from '../route.ts';
import { flag, wholeNumber, wholeNumberOr } from '../schemas/page.ts';
import { runParams, time } from '../schemas/run.ts';
import { takeSeat } from '../take-seat.ts';
import { visibleRun } from '../visible-run.ts';

const NDJSON = 'application/x-ndjson';
const MAX_ENTRIES = 1000;
/** As large as the databases can compare it with. */
const MAX_POSITION = 2 ** 31 - 1;

const filter = {
  phase: z.enum(PHASES).optional(),
  step: wholeNumber({ min: 1, max: 1_000_000 }).optional(),
  level: z.enum(LOG_LEVELS).optional().meta({ description: 'The least important level' }),
};
const logsQuery = z.strictObject({
  ...filter,
  after: wholeNumberOr(0, { min: 0, max: MAX_POSITION }).meta({ description: 'The `next` of the answer before' }),
  limit: wholeNumberOr(200, { min: 1, max: MAX_ENTRIES }),
  format: z.enum(['json', 'ndjson']).prefault('json'),
  follow: flag.meta({ description: 'As NDJSON, entry by entry, until the run rests' }),
});
const downloadQuery = z.strictObject(filter);

const entry = z.looseObject({
  position: z.int(),
  at: time,
  level: z.enum(LOG_LEVELS),
  phase: z.enum(PHASES).optional(),
  step: z.int().optional(),
  message: z.string(),
});
const page = z.object({ items: z.array(entry), next: z.int().meta({ description: 'Where to read on: the `after` of the next question' }) });

const logs = defineRoute({
  method: 'get',
  path: '/api/runs/{id}/logs',
  summary: 'What a run has said, and what it says',
  tag: 'Records',
  access: 'viewer',
  params: runParams,
  query: logsQuery,
  success: { status: 200, description: 'Entries, the oldest first', schema: page.meta({ id: 'LogPage' }) },
  alternatives: [{ status: 200, description: 'An entry a line', mediaType: NDJSON }],
  async handle(call) {
    const { limit, format, follow } = call.query;
    const source = await sourceOf(call, call.params.id, call.query.after);
    if (!follow && format === 'json') return { json: await readLogPage({ ...source, limit }) };
    if (follow) takeSeat(call);
    const chunks = followLog({ ...source, ...followingOf(call), follow });
    return { headers: { 'content-type': NDJSON }, body: linesOf(chunks, (each) => JSON.stringify(each), '\n') };
  },
});

const download = defineRoute({
  method: 'get',
  path: '/api/runs/{id}/logs/download',
  summary: 'The whole log of a run, as a file',
  tag: 'Records',
  access: 'viewer',
  params: runParams,
  query: downloadQuery,
  success: { status: 200, description: 'A line an entry', mediaType: 'text/plain' },
  async handle(call) {
    const { id } = call.params;
    const chunks = followLog({ ...(await sourceOf(call, id, 0)), ...followingOf(call), follow: false });
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-disposition': `attachment; filename="${id}.log"` };
    return { headers, body: linesOf(chunks, lineOf, '') };
  },
});

type Filtered = Pick<z.output<typeof logsQuery>, 'phase' | 'step' | 'level'>;

async function sourceOf(call: Call<unknown, Filtered, unknown>, id: string, after: number): Promise<LogSource> {
  const { id: runId } = await visibleRun(call, id);
  const { phase, step, level } = call.query;
  return { ledger: call.deps.ledger, runId, after, filter: { phase, step, level } };
}

const followingOf = ({ deps, signal, stillKnown }: Pick<RawCall, 'deps' | 'signal' | 'stillKnown'>): Omit<Following, 'follow'> => ({
  signal,
  silenceMs: deps.patience.heartbeatMs,
  check: () => unlessBusy(stillKnown),
});

/** `silence` is what is sent where nothing has come for long. */
async function* linesOf(
  chunks: AsyncIterable<StoredLogEntry[]>,
  line: (entry: StoredLogEntry) => string,
  silence: string,
): AsyncGenerator<string> {
  for await (const entries of chunks) yield entries.length > 0 ? entries.map((each) => `${line(each)}\n`).join('') : silence;
}

const lineOf = ({ at, level, phase, message }: StoredLogEntry): string =>
  `${at} ${level} ${phase ?? '-'} ${message.replaceAll('\n', '\n    ')}`;

export const LOG_ROUTES: readonly Route[] = [logs, download];
