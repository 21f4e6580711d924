import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { startWriter, writeTogether } from '../support/ledger-writers.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

function count(path: string, from: string): unknown {
  using database = new DatabaseSync(path, { readOnly: true });
  return database.prepare(`select count(*) as count from ${from}`).get()?.['count'];
}

test('20 processes that begin a ledger together and write into it lose nothing', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'ledger.db');
  const codes = await writeTogether({ place: path, count: 20, rounds: 10 });
  expect(codes).toEqual(codes.map(() => 0));
  expect([count(path, 'runs where is_stub = 0'), count(path, 'phases'), count(path, 'steps'), count(path, 'logs')]).toEqual([
    200, 200, 200, 200,
  ]);
});

test('many recordings at once in one process lose nothing', async () => {
  await using folder = await temporaryDirectory();
  await using ledger = await openLedger({ path: join(folder.path, 'ledger.db') });
  const at = '2026-11-20T10:00:00.000Z';
  const runIds = await Promise.all(
    Array.from({ length: 50 }, () =>
      ledger.reserveRun({
        workflowId: (id) => `local:acme/shop@${id}`,
        pipeline: 'sdlc',
        repository: 'acme/shop',
        triggeredBy: 'ada',
        createdAt: at,
      }),
    ),
  );
  await Promise.all(
    runIds.map((runId, seq) => ledger.appendLogs([{ runId: 'shared00', source: runId, seq, at, level: 'info', message: 'x' }])),
  );
  expect(new Set(runIds).size).toBe(50);
  const positions = (await ledger.readLogs({ runId: 'shared00' })).map(({ position }) => position);
  expect(positions).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
});

test('of many that raise the same epoch, one succeeds', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'ledger.db');
  await using one = await openLedger({ path });
  await using other = await openLedger({ path });
  const raised = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      (index % 2 ? one : other).raiseEpoch({ runId: '0123abcd', epoch: 1, executionId: `e${index}` }),
    ),
  );
  expect(raised.filter(Boolean)).toHaveLength(1);
});

test('a writer that is killed in the middle leaves a sound ledger with all that it had finished', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'ledger.db');
  const writer = startWriter({ place: path, writer: 'doomed', rounds: 1_000_000 });
  writer.stdin.end();
  let finished = 0;
  for await (const line of createInterface({ input: writer.stdout })) {
    if (line === 'ready') continue;
    finished = Number(line.split(' ')[1]);
    if (finished === 50) writer.kill('SIGKILL');
  }
  expect(finished).toBeGreaterThanOrEqual(50);

  await using ledger = await openLedger({ path });
  const runs = await ledger.listRuns({ limit: 1_000_000 });
  const recorded = runs.filter(({ phases }) => phases.length === 1);
  expect(recorded.length).toBeGreaterThanOrEqual(finished);
  expect((await ledger.readLogs({ runId: 'shared00', limit: 1_000_000 })).length).toBeGreaterThanOrEqual(finished);
  using database = new DatabaseSync(path);
  expect(database.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' });
});
