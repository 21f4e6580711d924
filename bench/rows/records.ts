import { join } from 'node:path';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { Bench, Row } from '../measure.ts';
import { quantile, timed } from '../measure.ts';
import { benchRun } from '../run-view.ts';

const WRITERS = 20;
const ROUNDS = 150;
/** The first of each are not counted. */
const WARM = 10;
/** Of a run. */
const STEPS = 12;
const AT_MOST_MS = 10;

/** What runs record and read while many are at work: as in a worker, whose runs share its connection. */
export const records: Bench = async ({ folder }) => {
  await using ledger = await openLedger({ path: join(folder, 'ledger.db') });
  const [saves, loads]: [number[], number[]] = [[], []];
  const write = async (writer: number): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) {
      const records = recordsOf(writer, round);
      for (const save of records.saves) {
        const ms = await timed(() => save(ledger));
        if (round >= WARM) saves.push(ms);
      }
      for (const load of records.loads) {
        const ms = await timed(() => load(ledger));
        if (round >= WARM) loads.push(ms);
      }
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  return [row('save a record of a run', saves), row('load the records of a run', loads)];
};

type Work = (ledger: Ledger) => Promise<unknown>;

/** A step's records, as the activities of a run make them. Each writer has a run after the other, and no two begin theirs together. */
function recordsOf(writer: number, round: number): { saves: Work[]; loads: Work[] } {
  const steps = round + writer;
  const [number, at] = [(steps % STEPS) + 1, new Date().toISOString()];
  const run = benchRun(writer * 1000 + Math.floor(steps / STEPS), { version: round, status: 'running' });
  const { id: runId } = run;
  const step = { runId, number, name: 'implement', phase: 'implement', attempt: 1, startedAt: at } as const;
  const tokens = { inputTokens: 1000, outputTokens: 2000, cacheReadTokens: 3000, cacheWriteTokens: 4000 };
  const lines = Array.from(
    { length: 20 },
    (_, index) => ({ runId, source: `s${number}`, seq: index + 1, at, level: 'info', message: 'A line of the log' }) as const,
  );
  const artifact = {
    id: `${runId}-${number}`,
    runId,
    step: number,
    kind: 'plan',
    name: 'plan.md',
    mediaType: 'text/markdown',
    path: `runs/${runId}/plan.md`,
    bytes: 3,
    sha256: 'ff',
    createdAt: at,
  } as const;
  return {
    saves: [
      (ledger) => ledger.recordStep({ ...step, status: 'running' }),
      (ledger) => ledger.recordRun(run),
      (ledger) => ledger.appendLogs(lines),
      (ledger) =>
        ledger.recordSession({
          runId,
          step: number,
          sessionId: 's1',
          name: 'implement',
          engine: 'claude',
          ...tokens,
          costUsd: 0.2,
          durationMs: 60_000,
          success: true,
        }),
      (ledger) => ledger.recordArtifact(artifact),
      (ledger) => ledger.recordStep({ ...step, status: 'completed', completedAt: at, durationMs: 60_000 }),
    ],
    loads: [
      (ledger) => ledger.getRun(runId),
      (ledger) => ledger.listSteps(runId),
      (ledger) => ledger.listSessions(runId),
      (ledger) => ledger.listArtifacts(runId),
      (ledger) => ledger.readLogs({ runId, limit: 200 }),
    ],
  };
}

function row(what: string, times: readonly number[]): Row {
  const p99 = quantile(times, 0.99);
  return {
    measure: `${what}, ${WRITERS} at once, SQLite, p99`,
    against: 'a limit',
    baseline: `${AT_MOST_MS} ms`,
    subject: `p50 ${quantile(times, 0.5).toFixed(2)} ms`,
    result: `${p99.toFixed(2)} ms`,
    range: `max ${Math.max(...times).toFixed(1)} ms`,
    goal: `< ${AT_MOST_MS} ms`,
    met: p99 < AT_MOST_MS,
  };
}
