import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { commentEvent, issueEvent } from '../../test/support/webhook-payloads.ts';
import { SECRET, signed } from '../../test/support/webhooks.ts';
import { median, quantile } from '../measure.ts';
import type { Bench, Row } from '../measure.ts';
import { apiProcess, surroundings } from '../service.ts';
import type { ApiProcess } from '../service.ts';

const PER_SECOND = 200;
const SECONDS = { full: 60, short: 5 };
/** One in so many asks for a run. The others are what else happens in a repository, most of it nothing to Belay. */
const STARTS_EVERY = 10;
const ANSWER_MS = 250;
/** GitHub gives up on an answer after that. */
const GIVE_UP_MS = 10_000;
const PATIENCE_MS = 30 * 60_000;
const FLAT = 1.1;
/** As large as GitHub's are. */
const FILLER = 'x'.repeat(8000);

/** Deliveries as they come, whether or not those before have been answered; and what becomes of them. */
export const deliveries: Bench = async ({ folder, full }) => {
  const seconds = full ? SECONDS.full : SECONDS.short;
  await using stack = new AsyncDisposableStack();
  const { home, temporal, env } = await surroundings({ folder }, stack);
  const { client } = temporal;
  const api = stack.use(await apiProcess({ home, env }));
  const pool = new Pool(api.url, { connections: 100, headersTimeout: GIVE_UP_MS });
  stack.defer(() => pool.close());
  await Promise.all(Array.from({ length: 50 }, () => deliver(pool, 'ping', { zen: 'Warm up.' })));
  const sent = await flood({ pool, api, count: PER_SECOND * seconds, seconds });
  const processed = await untilProcessed(home);
  const starts = Math.ceil((PER_SECOND * seconds) / STARTS_EVERY);
  const { count: begun } = await client.workflow.count();
  return [...rowsOf({ ...sent, seconds }), ...rowsAfter({ ...processed, starts, begun, sent: PER_SECOND * seconds })];
};

interface Flood {
  pool: Pool;
  api: ApiProcess;
  count: number;
  seconds: number;
}

interface Sent {
  answersMs: number[];
  refused: number;
  memoryMb: number[];
}

async function flood({ pool, api, count, seconds }: Flood): Promise<Sent> {
  const sent: Sent = { answersMs: [], refused: 0, memoryMb: [] };
  const begun = performance.now();
  const answers: Promise<void>[] = [];
  let watched = 0;
  for (let number = 0; number < count; number++) {
    // Counted from when it was to be sent: an answer that holds up others is theirs too.
    const due = begun + (number * 1000) / PER_SECOND;
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    answers.push(
      send(pool, number).then(
        (status) => {
          sent.answersMs.push(performance.now() - due);
          if (status !== 202) sent.refused++;
        },
        () => void sent.refused++,
      ),
    );
    if (performance.now() - begun < (watched * 1000 * seconds) / 30) continue;
    watched++;
    sent.memoryMb.push(await api.rssMb());
  }
  await Promise.all(answers);
  return sent;
}

function send(pool: Pool, number: number): Promise<number> {
  if (number % STARTS_EVERY === 0) return deliver(pool, 'issues', { ...issueEvent({ label: 'belay', number: number + 1 }), FILLER });
  if (number % 2 === 0) return deliver(pool, 'issue_comment', { ...commentEvent({ body: 'Thanks!', number }), FILLER });
  return deliver(pool, 'push', { ref: 'refs/heads/main', repository: { full_name: 'acme/shop' }, FILLER });
}

async function deliver(pool: Pool, event: string, payload: object): Promise<number> {
  const body = JSON.stringify(payload);
  const headers = {
    'content-type': 'application/json',
    'x-github-event': event,
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': signed(body, SECRET),
  };
  const answer = await pool.request({ method: 'POST', path: '/webhooks/github', body, headers });
  await answer.body.dump();
  return answer.statusCode;
}

interface Processed {
  /** By what became of them. */
  outcomes: Record<string, number>;
  waiting: number;
  afterMs: number;
}

/** Asked of the database itself, past Belay. */
async function untilProcessed(home: string): Promise<Processed> {
  const begun = performance.now();
  using database = new DatabaseSync(join(home, 'ledger.db'), { readOnly: true });
  const query = database.prepare("select coalesce(outcome, 'waiting') as outcome, count(*) as count from deliveries group by outcome");
  for (;;) {
    const outcomes = Object.fromEntries(query.all().map((row) => [String(row['outcome']), Number(row['count'])]));
    const { waiting = 0 } = outcomes;
    const afterMs = performance.now() - begun;
    if (waiting === 0 || afterMs > PATIENCE_MS) return { outcomes, waiting, afterMs };
    await sleep(200);
  }
}

function rowsOf({ answersMs, refused, memoryMb, seconds }: Sent & { seconds: number }): Row[] {
  const [p50, p99] = [quantile(answersMs, 0.5), quantile(answersMs, 0.99)];
  const third = Math.floor(memoryMb.length / 3);
  const [middle, end] = [median(memoryMb.slice(third, 2 * third)), median(memoryMb.slice(2 * third))];
  return [
    {
      measure: `answers to ${PER_SECOND} deliveries a second for ${seconds} s`,
      against: 'the limit',
      baseline: `${ANSWER_MS} ms`,
      subject: `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; ${refused} not taken`,
      result: `${p99.toFixed(1)} ms`,
      range: `${Math.min(...answersMs).toFixed(1)}–${Math.max(...answersMs).toFixed(1)} ms`,
      goal: `p99 ≤ ${ANSWER_MS} ms, all taken`,
      met: p99 <= ANSWER_MS && refused === 0,
    },
    {
      measure: "the API's memory in the last third of them",
      against: 'in the second third',
      baseline: `${middle.toFixed(0)} MB`,
      subject: `${end.toFixed(0)} MB`,
      result: `${(end / middle).toFixed(2)}x`,
      range: `${Math.min(...memoryMb).toFixed(0)}–${Math.max(...memoryMb).toFixed(0)} MB`,
      goal: `≤ ${FLAT}x`,
      met: end / middle <= FLAT,
    },
  ];
}

function rowsAfter({
  outcomes,
  waiting,
  afterMs,
  starts,
  begun,
  sent,
}: Processed & { starts: number; begun: number; sent: number }): Row[] {
  const { started = 0, ignored = 0 } = outcomes;
  const all = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  return [
    {
      measure: `deliveries that were processed, the last of them ${(afterMs / 1000).toFixed(0)} s after the last came`,
      against: 'what was sent, and what Temporal has begun',
      baseline: `${sent}, of which ${starts} ask for a run`,
      subject: `${started} started (${begun} in Temporal), ${ignored} ignored, ${waiting} left`,
      result: `${sent - (all - 50)} lost`,
      range: '',
      goal: 'none lost, all processed',
      // The pings that warmed it up are there too.
      met: all - 50 === sent && started === starts && begun === starts && waiting === 0,
    },
  ];
}
