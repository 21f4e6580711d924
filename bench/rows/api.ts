import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { exampleRun } from '../../test/support/example-run.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { quantile } from '../measure.ts';
import type { Bench, Row } from '../measure.ts';
import { happyScript } from '../script.ts';
import { apiProcess } from '../service.ts';
import type { ApiProcess } from '../service.ts';
import { createSubject } from '../subject.ts';

const SIZES = { full: { runs: 64, seconds: 30 }, short: { runs: 8, seconds: 5 } };
const AT_MOST = 3;
const PER_SECOND = 50;
/** Longer than it is measured for, with a line to record every now and then. */
const AGENT = { sleepMs: 90_000, lines: 2000 };
const EARLIER = 500;

/** How long the API takes to answer what people and pages ask, while nothing works and while many runs do. */
export const api: Bench = async ({ folder, full }) => {
  const { runs, seconds } = full ? SIZES.full : SIZES.short;
  await using stack = new AsyncDisposableStack();
  const subject = stack.use(await createSubject({ folder, files: 100, slots: runs, script: happyScript(AGENT) }));
  await recordEarlier(subject.home);
  const served = stack.use(await apiProcess({ home: subject.home, env: { TEMPORAL_ADDRESS: subject.address } }));
  const pool = new Pool(served.url, { connections: 20 });
  stack.defer(() => pool.close());
  const ask = (during: number): Promise<number[]> => askEvenly({ pool, served, seconds: during });
  await ask(2);
  const idle = await ask(seconds);
  const begin = Promise.all(Array.from({ length: runs }, (_, index) => subject.start(`Add a line, ${index}`)));
  const beginning = await ask(seconds);
  const handles = await begin;
  for (let waited = 0; (await subject.working()) < runs && waited < 300; waited++) await sleep(1000);
  const busy = await ask(seconds);
  await Promise.all(handles.map((handle) => handle.terminate().catch(() => {})));
  return [
    row({ what: `under ${runs} runs`, idle, busy, atMost: AT_MOST }),
    row({ what: `while ${runs} runs begin`, idle, busy: beginning }),
  ];
};

async function recordEarlier(home: string): Promise<void> {
  await using ledger = await openLedger({ path: join(home, 'ledger.db') });
  for (let number = 1; number <= EARLIER; number++)
    await ledger.recordRun(exampleRun({ id: String(10_000_000 + number), workflowId: `local:acme/shop#${number}`, status: 'completed' }));
}

interface Asking {
  pool: Pool;
  served: ApiProcess;
  seconds: number;
}

/** What the pages of a team ask for, one after the other. */
const QUESTIONS = [
  '/api/runs?limit=20',
  '/api/runs/10000001',
  '/api/runs?status=running,waiting',
  '/api/runs/10000002/logs',
  '/api/parked',
  '/health',
];

/** Counted from when each was to be sent. */
async function askEvenly({ pool, served, seconds }: Asking): Promise<number[]> {
  const headers = { authorization: `Bearer ${served.token}` };
  const begun = performance.now();
  const answers: Promise<number>[] = [];
  for (let number = 0; number < seconds * PER_SECOND; number++) {
    const due = begun + (number * 1000) / PER_SECOND;
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    const path = QUESTIONS[number % QUESTIONS.length] ?? '/';
    answers.push(
      pool.request({ method: 'GET', path, headers }).then(async ({ statusCode, body }) => {
        await body.dump();
        if (statusCode !== 200) throw new Error(`${path} was answered with ${statusCode}.`);
        return performance.now() - due;
      }),
    );
  }
  return Promise.all(answers);
}

interface Compared {
  what: string;
  idle: number[];
  busy: number[];
  atMost?: number;
}

function row({ what, idle, busy, atMost }: Compared): Row {
  const [before, after] = [quantile(idle, 0.99), quantile(busy, 0.99)];
  const half = quantile(busy, 0.5) / quantile(idle, 0.5);
  return {
    measure: `p99 of the API's answers ${what}, ${PER_SECOND} a second`,
    against: 'the same while nothing works',
    baseline: `${before.toFixed(1)} ms`,
    subject: `${after.toFixed(1)} ms`,
    result: `${(after / before).toFixed(2)}x`,
    range: `p50 ${half.toFixed(2)}x`,
    goal: atMost === undefined ? 'report' : `≤ ${atMost}x`,
    met: atMost === undefined || after / before <= atMost,
  };
}
