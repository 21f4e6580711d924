import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { expect, test } from 'vitest';
import { MIGRATIONS } from '../../src/ledger/migrations.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { sqliteDialect } from '../../src/ledger/sqlite.ts';
import { exampleRun } from '../support/example-run.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const at = '2026-11-20T10:00:00.000Z';

/** A ledger as it was before this migration. */
async function ledgerBefore(path: string, migration: string): Promise<void> {
  const earlier = Object.fromEntries(Object.entries(MIGRATIONS).filter(([name]) => name < migration));
  const db = new Kysely({ dialect: sqliteDialect({ path }) });
  const { error } = await new Migrator({ db, provider: { getMigrations: () => Promise.resolve(earlier) } }).migrateToLatest();
  await db.destroy();
  expect(error).toBeUndefined();
}

test('what a ledger without foreign keys held is kept, and owned by its runs', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'ledger.db');
  await ledgerBefore(path, '0007-service');
  const view = exampleRun({ status: 'completed', version: 3 });
  {
    using old = new DatabaseSync(path);
    const run = old.prepare(
      `insert into runs (id, workflow_id, pipeline, status, repository, issue_key, cost_usd, triggered_by, view, view_version, created_at, updated_at)
       values (?, ?, 'sdlc', ?, 'acme/shop', '1', 0, 'ada', ?, ?, ?, ?)`,
    );
    run.run(view.id, view.workflowId, view.status, JSON.stringify(view), 3, at, at);
    run.run('reserved', 'w', 'pending', null, -1, at, at);
    old.exec(`
      insert into steps values ('${view.id}', 1, 'plan', 'plan', 'completed', 1, '${at}', '${at}', 5, 'done'), ('orphan00', 2, 'test', 'test', 'running', 1, '${at}', null, null, null);
      insert into phases values ('${view.id}', 1, 'plan', 1, 'completed', 1, null, null, null, 0, 0, null, null);
      insert into sessions values ('${view.id}', 1, 's', 'plan', 'claude', null, 1, 2, 3, 4, 0.5, 6, 1);
      insert into artifacts values ('a1', '${view.id}', 1, 'plan', 'p/q.md', 1, 'ff', '${at}');
      insert into logs values ('${view.id}', 1, 'a', 1, '${at}', 'info', null, null, 'hello'), ('shared00', 1, 'a', 1, '${at}', 'info', null, null, 'x');
      insert into epochs values ('${view.id}', 4, 'e', '${at}');
      insert into versions values ('${view.id}', 1, '${at}', 'completed', 'plan', '{"version":1}');
      insert into effects values ('${view.id}', 'push', 'main', 'aa', 1, '${at}', null, null);
    `);
  }
  await using ledger = await openLedger({ path });
  expect((await ledger.listRuns()).map(({ id }) => id).toSorted()).toEqual([view.id, 'reserved']);
  expect(await ledger.getRun(view.id)).toEqual(view);
  expect(await ledger.listSteps(view.id)).toMatchObject([{ number: 1, summary: 'done', durationMs: 5 }]);
  expect(await ledger.listSteps('orphan00')).toMatchObject([{ number: 2, name: 'test' }]);
  expect(await ledger.listSessions(view.id)).toMatchObject([{ cacheWriteTokens: 4, costUsd: 0.5 }]);
  expect(await ledger.getArtifact('a1')).toMatchObject({
    path: 'p/q.md',
    name: 'q.md',
    phase: 'plan',
    mediaType: 'application/octet-stream',
  });
  expect(await ledger.readLogs({ runId: 'shared00' })).toMatchObject([{ message: 'x' }]);
  expect(await ledger.currentEpoch(view.id)).toEqual({ epoch: 4, executionId: 'e' });
  expect(await ledger.listVersions(view.id)).toEqual([{ version: 1 }]);
  expect(await ledger.listEffects(view.id)).toMatchObject([{ on: 'main' }]);
  expect(await ledger.listRepositories()).toMatchObject([{ slug: 'acme/shop', runs: 2 }]);
  await ledger.deleteRun(view.id);
  expect([await ledger.listSteps(view.id), await ledger.listEffects(view.id)]).toEqual([[], []]);
  expect((await ledger.listSteps('orphan00')).length).toBe(1);
});
