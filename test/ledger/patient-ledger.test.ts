import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { grantLedger } from '../../src/ledger/administer.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { openPatientLedger } from '../../src/ledger/patient-ledger.ts';
import { eventually } from '../support/eventually.ts';
import { exampleRun } from '../support/example-run.ts';
import { exampleArtifact, exampleSession, exampleStep } from '../support/example-records.ts';
import { databaseOfRoles } from '../support/postgres-roles.ts';
import { startPostgres } from '../support/postgres.ts';
import type { Postgres } from '../support/postgres.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const runId = '0123abcd';
const at = '2026-11-20T10:00:00.000Z';
const later = '2026-11-20T11:00:00.000Z';
const line = (seq: number) => ({ runId, source: 'a', seq, at, level: 'info', message: `line ${seq}` }) as const;
const plain = { code: 'ledger_unreachable' };

let server: Postgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

test('a run goes on while the database is away, and nothing of it is lost', async () => {
  await using home = await temporaryDirectory();
  const url = await server.createDatabase('away');
  const problems: string[] = [];
  const open = () => openPatientLedger({ place: { url }, home: home.path, onProblem: (_, message) => void problems.push(message) });
  {
    await using ledger = await open();
    await ledger.recordRun(exampleRun({ version: 1 }));
    await ledger.recordStep(exampleStep);
    await ledger.recordArtifact(exampleArtifact);
    expect(await ledger.raiseEpoch({ runId, epoch: 1, executionId: 'e' })).toBe(true);
    await ledger.appendLogs([line(1)]);
    await server.stop();
    await ledger.appendLogs([line(2)]);
    await ledger.recordSession(exampleSession);
    await ledger.recordRun(exampleRun({ version: 2, status: 'waiting', waitingFor: 'approval' }));
    expect(await ledger.getArtifact(exampleArtifact.id)).toEqual(exampleArtifact);
    expect(await ledger.listSessions(runId)).toEqual([exampleSession]);
    expect(await ledger.currentEpoch(runId)).toEqual({ epoch: 1, executionId: 'e' });
    expect(await ledger.raiseEpoch({ runId, epoch: 1, executionId: 'another' })).toBe(false);
    expect(await ledger.raiseEpoch({ runId, epoch: 2, executionId: 'e' })).toBe(true);
    await expect(ledger.getRun('nobody00')).rejects.toMatchObject(plain);
    await expect(ledger.listRuns()).rejects.toMatchObject(plain);
    // Of a run that is known here, nothing is knowledge; of an issue, others may have had runs.
    expect(await ledger.listEffects(runId)).toEqual([]);
    await expect(ledger.issueRuns({ workflowId: 'github:acme/none#1' })).rejects.toMatchObject(plain);
    expect(problems).toEqual([expect.stringContaining('away')]);
  }
  // The next worker, which is started while the database is still away.
  await using ledger = await open();
  await ledger.recordStep({ ...exampleStep, status: 'completed', completedAt: later });
  await ledger.recordRun(exampleRun({ version: 3, status: 'completed' }));
  expect((await ledger.getRun(runId)).status).toBe('completed');
  await server.start();
  await using shared = await eventually(() => openLedger({ url }));
  await eventually(async () => expect((await shared.getRun(runId)).status).toBe('completed'));
  expect((await shared.readLogs({ runId })).map(({ message }) => message)).toEqual(['line 1', 'line 2']);
  expect(await shared.listSessions(runId)).toEqual([exampleSession]);
  expect(await shared.listSteps(runId)).toMatchObject([{ status: 'completed' }]);
  expect(await shared.currentEpoch(runId)).toEqual({ epoch: 2, executionId: 'e' });
  const events = (await shared.readEvents({ after: 0 })).map(({ type }) => type);
  expect(events).toEqual([
    'run.started',
    'step.updated',
    'artifact.created',
    'agent.updated',
    'run.waiting',
    'step.updated',
    'run.completed',
  ]);
  await eventually(async () => expect((await ledger.listRuns()).length).toBe(1));
});

test('what the database never takes is set apart, and holds up nothing', async () => {
  await using home = await temporaryDirectory();
  const url = await server.createDatabase('refusing');
  const problems: string[] = [];
  await using ledger = await openPatientLedger({ place: { url }, home: home.path, onProblem: (_, message) => void problems.push(message) });
  await server.stop();
  // Longer than a whole number of Postgres.
  await ledger.recordStep({ ...exampleStep, number: 3_000_000_000 });
  await ledger.appendLogs([line(1)]);
  await server.start();
  await using shared = await eventually(() => openLedger({ url }));
  await eventually(async () => expect((await shared.readLogs({ runId })).length).toBe(1));
  expect(problems).toContainEqual(expect.stringContaining('set apart'));
});

test('what a database does not take because it is read-only waits until it takes it', async () => {
  await using home = await temporaryDirectory();
  const url = await server.createDatabase('standby');
  const problems: string[] = [];
  await using ledger = await openPatientLedger({ place: { url }, home: home.path, onProblem: (_, message) => void problems.push(message) });
  await ledger.recordRun(exampleRun());
  await setReadOnly('standby', 'set default_transaction_read_only = on');
  await ledger.recordStep(exampleStep);
  await ledger.appendLogs([line(1)]);
  await eventually(async () => expect(problems).toContainEqual(expect.stringContaining('could not be delivered')));
  await setReadOnly('standby', 'reset default_transaction_read_only');
  await using shared = await eventually(() => openLedger({ url }));
  await eventually(async () => expect((await shared.readLogs({ runId })).length).toBe(1));
  expect(await shared.listSteps(runId)).toHaveLength(1);
  expect(problems).not.toContainEqual(expect.stringContaining('set apart'));
});

/** As after a failover, or when a service has no room left; connections begin anew. */
async function setReadOnly(database: string, setting: string): Promise<void> {
  const client = new Client({ connectionString: server.urlOf('postgres') });
  await client.connect();
  await client.query(`alter database ${database} ${setting}`);
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [database]);
  await client.end();
}

test('a worker with a file of its own has just that', async () => {
  await using home = await temporaryDirectory();
  const place = { path: join(home.path, 'ledger.db') };
  await using ledger = await openPatientLedger({ place, home: home.path, onProblem: () => {} });
  await ledger.recordRun(exampleRun());
  await using same = await openLedger(place);
  expect((await same.listRuns()).length).toBe(1);
});

test('a worker that is started before the tables are there delivers what it recorded when they are', async () => {
  await using home = await temporaryDirectory();
  const { owner, app } = await databaseOfRoles(server, 'unmigrated');
  const problems: string[] = [];
  await using ledger = await openPatientLedger({
    place: { url: app },
    home: home.path,
    onProblem: (_, message) => void problems.push(message),
  });
  await ledger.recordRun(exampleRun());
  await expect(ledger.listRuns()).rejects.toMatchObject({ code: 'ledger_behind' });
  expect(problems).toEqual([expect.stringContaining('away')]);
  await grantLedger({ url: owner }, 'unmigrated_app');
  await eventually(async () => expect(await ledger.listRuns()).toMatchObject([{ id: runId }]));
});

test('what this host knew of runs goes when it has long had no part in them', async () => {
  await using home = await temporaryDirectory();
  const url = await server.createDatabase('forgetting');
  const path = join(home.path, 'own-runs.db');
  {
    await using local = await openLedger({ path });
    for (const id of ['aaaaaaaa', 'bbbbbbbb']) await local.recordRun(exampleRun({ id }));
    for (const id of ['aaaaaaaa', 'cccccccc']) await local.recordStep({ ...exampleStep, runId: id });
  }
  using database = new DatabaseSync(path);
  database.exec(
    `update runs set updated_at = '2020-01-01T00:00:00.000Z' where id = 'aaaaaaaa'; update events set at = '2020-01-01T00:00:00.000Z'`,
  );
  await using _ledger = await openPatientLedger({ place: { url }, home: home.path, onProblem: () => {} });
  const left = (table: string) => database.prepare(`select count(*) as count from ${table}`).get()?.['count'];
  expect(['runs', 'steps', 'events', 'deleted_runs'].map(left)).toEqual([1, 0, 0, 0]);
});
