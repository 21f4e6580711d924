import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { grantLedger, migrateLedger } from '../../src/ledger/administer.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { MIGRATIONS } from '../../src/ledger/migrations.ts';
import { eventually } from '../support/eventually.ts';
import { exampleRun } from '../support/example-run.ts';
import { exampleStep, recordAll } from '../support/example-records.ts';
import { startPostgres } from '../support/postgres.ts';
import type { Postgres } from '../support/postgres.ts';
import { ask, databaseOfRoles, grantedDatabase } from '../support/postgres-roles.ts';

const at = '2026-11-20T10:00:00.000Z';
const ours = exampleRun();
const theirs = exampleRun({ id: 'bbbbbbbb', repository: 'acme/secret', workflowId: 'w', costUsd: 7 });
const entry = { at, actor: 'ada', role: 'admin', source: 'api', action: 'run.cancel' };

let server: Postgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Something in every table, of two repositories. */
async function recordBoth(ledger: Ledger): Promise<void> {
  await ledger.recordRun({ ...ours, phases: [{ name: 'plan', status: 'completed', attempts: 1, sessions: [] }] });
  await ledger.recordRun({ ...theirs, phases: [{ name: 'plan', status: 'completed', attempts: 1, sessions: [] }] });
  await recordAll(ledger);
  await recordAll(ledger, theirs.id);
  for (const { id: runId, repository } of [ours, theirs]) {
    await ledger.addComment({ runId, author: 'ada', text: 'x', createdAt: at });
    await ledger.storeDelivery({ id: `d-${runId}`, source: 'github', event: 'issues', repository, receivedAt: at, payload: '{}' });
    await ledger.rememberTrigger({ repository, issueKey: '1', event: 'e', runId, at });
  }
  await ledger.appendAudit(entry);
}

test('who may see one repository is shown nothing of others, whatever is asked', async () => {
  const { app } = await grantedDatabase(server, 'scoped');
  await using ledger = await openLedger({ url: app });
  await recordBoth(ledger);
  const scoped = ledger.forRepositories(['acme/shop']);
  // None of these says whose runs are wanted.
  expect((await scoped.listRuns()).map(({ id }) => id)).toEqual([ours.id]);
  expect((await scoped.pageRuns({ page: 1, limit: 9 })).total).toBe(1);
  expect((await scoped.readEvents({ after: 0 })).every(({ runId }) => runId === ours.id)).toBe(true);
  expect(await scoped.runStatistics()).toMatchObject({ runs: [{ count: 1, costUsd: 0 }] });
  expect((await scoped.listRepositories()).map(({ slug }) => slug)).toEqual(['acme/shop']);
  // And these ask for what is another's.
  expect(await scoped.pageRuns({ repository: 'acme/secret', page: 1, limit: 9 })).toMatchObject({ items: [], total: 0 });
  await expect(scoped.getRun(theirs.id)).rejects.toMatchObject({ code: 'invalid_input' });
  expect(await scoped.listSteps(theirs.id)).toEqual([]);
  expect(await scoped.readLogs({ runId: theirs.id })).toEqual([]);
  expect(await scoped.getArtifact(`a1-${theirs.id}`)).toBeUndefined();
  expect(await scoped.listSteps(ours.id)).toHaveLength(1);
  expect(await ledger.forRepositories([]).listRuns()).toEqual([]);
  expect(await ledger.forRepositories(["it's", '\\', 'acme/secret']).listRuns()).toMatchObject([{ id: theirs.id }]);
  expect(await scoped.forRepositories(['acme/secret', 'acme/shop']).listRuns()).toMatchObject([{ id: ours.id }]);
  // Nothing of it stays on the connections.
  expect(await Promise.all(Array.from({ length: 20 }, async () => (await ledger.listRuns()).length))).toEqual(Array(20).fill(2));
});

test('who may see one repository changes nothing of others', async () => {
  const { app } = await grantedDatabase(server, 'writing');
  await using ledger = await openLedger({ url: app });
  await recordBoth(ledger);
  const scoped = ledger.forRepositories(['acme/shop']);
  await expect(scoped.addComment({ runId: theirs.id, author: 'eve', text: 'x', createdAt: at })).rejects.toMatchObject({
    code: 'invalid_input',
  });
  await expect(scoped.deleteRun(theirs.id)).rejects.toMatchObject({ code: 'invalid_input' });
  await expect(scoped.deleteRepository('acme/secret')).rejects.toMatchObject({ code: 'invalid_input' });
  await expect(scoped.recordRun({ ...theirs, version: 9 })).rejects.toThrow('row-level security');
  await expect(scoped.recordStep({ ...exampleStep, runId: theirs.id, number: 5 })).rejects.toThrow();
  await expect(scoped.recordRun(exampleRun({ id: 'cccccccc', repository: 'acme/new' }))).rejects.toThrow('row-level security');
  expect(await ledger.listRuns()).toHaveLength(2);
  expect((await ledger.listComments({ runId: theirs.id })).length).toBe(1);
  await scoped.recordRun({ ...ours, version: 2, status: 'completed' });
  expect((await scoped.addComment({ runId: ours.id, author: 'ada', text: 'y', createdAt: at })).runId).toBe(ours.id);
  await scoped.appendAudit(entry);
  expect(await ledger.verifyAudit()).toMatchObject({ entries: 2 });
  await scoped.deleteRepository('acme/shop');
  expect(await ledger.listRuns()).toMatchObject([{ id: theirs.id }]);
});

test('every table that says whose its rows are has a policy, also for the owner', async () => {
  const { owner, app } = await grantedDatabase(server, 'tables');
  await using ledger = await openLedger({ url: app });
  await recordBoth(ledger);
  const [tables] = await ask(
    owner,
    `select table_name as name, max(column_name) as by from information_schema.columns
     where table_schema = 'public' and column_name in ('run_id', 'repository') and table_name not in ('deleted_runs') group by 1 order by 1`,
  );
  const names = (tables as { name: string; by: string }[]).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['audit', 'deliveries', 'events', 'logs', 'runs', 'steps', 'triggers']));
  const questions = names.map((name) => `select count(*)::int as count from ${name} where to_jsonb(${name})::text ~ 'secret|bbbbbbbb'`);
  for (const url of [owner, app]) {
    const scope = (list: string) => `select set_config('belay.repositories', '${list}', false)`;
    const [, ...hidden] = await ask(url, scope('["acme/shop"]'), ...questions);
    expect(Object.fromEntries(names.map((name, index) => [name, hidden[index]]))).toEqual(
      Object.fromEntries(names.map((name) => [name, [{ count: 0 }]])),
    );
  }
  const all = await ask(app, ...questions);
  const empty = ['audit', 'idempotency_keys'];
  expect(names.filter((_, index) => (all[index] as [{ count: number }])[0].count === 0)).toEqual(empty);
});

test('the role of the processes makes no tables, and takes nothing out of the audit but its beginning', async () => {
  const { app } = await grantedDatabase(server, 'rights');
  await using ledger = await openLedger({ url: app });
  const today = new Date().toISOString();
  for (const moment of [at, at, today]) await ledger.appendAudit({ ...entry, at: moment });
  const answers = await ask(
    app,
    'create table mine (id int)',
    'alter table runs add column more int',
    'alter table runs disable row level security',
    'drop policy runs_of_repositories on runs',
    'drop table logs',
    'truncate logs',
    'create or replace function belay_expire_audit(before text) returns bigint language sql as $$ select 1::bigint $$',
    'update audit set actor = 1',
    'delete from audit',
    'delete from audit_start',
    "insert into audit_start values (9, 'x')",
    'delete from kysely_migration',
  );
  for (const answer of answers) expect(answer).toMatch(/^(?:permission denied|must be owner)/);
  expect(await ledger.expire({ audit: '2999-01-01T00:00:00.000Z' })).toMatchObject({ audit: 2 });
  expect(await ledger.verifyAudit()).toMatchObject({ entries: 1, head: expect.any(String) });
  expect((await ledger.appendAudit({ ...entry, at: today })).id).toBe(4);
});

test('who may not migrate is told the command, and goes on once somebody has given it', async () => {
  const { owner, app } = await databaseOfRoles(server, 'behind');
  const opening = openLedger({ url: app });
  await expect(opening).rejects.toMatchObject({
    code: 'ledger_behind',
    class: 'retry',
    hint: expect.stringContaining('`belay ledger migrate`'),
  });
  const told: unknown[] = [];
  await using ledger = await openLedger({ url: app, onAway: (error) => void told.push(error) });
  expect(told).toMatchObject([{ code: 'ledger_behind' }]);
  await expect(ledger.listRuns()).rejects.toMatchObject({ code: 'ledger_behind' });
  expect(await migrateLedger({ url: owner })).toEqual(Object.keys(MIGRATIONS));
  await expect(ledger.listRuns()).rejects.toMatchObject({ hint: expect.stringContaining('`belay ledger grant ROLE`') });
  expect(await grantLedger({ url: owner }, 'behind_app')).toEqual([]);
  expect(await ledger.listRuns()).toEqual([]);
});

test('tables of a later version are granted to who had been granted those before', async () => {
  const { owner, app } = await grantedDatabase(server, 'later');
  const last = Object.keys(MIGRATIONS).at(-1);
  await ask(
    owner,
    `delete from kysely_migration where name = '${last}'`,
    'drop table pipelines cascade',
    'alter table runs drop column definition',
  );
  await expect(openLedger({ url: app })).rejects.toMatchObject({ code: 'ledger_behind' });
  expect(await migrateLedger({ url: owner })).toEqual([last]);
  await using ledger = await openLedger({ url: app });
  await ledger.recordRun(ours);
  expect(await ask(app, 'select name from pipelines')).toEqual([[{ name: 'sdlc' }]]);
});

test('who works while tables are granted again keeps every right, also where that ends halfway', async () => {
  const { owner, app } = await grantedDatabase(server, 'halfway');
  await ask(
    server.urlOf('halfway'),
    `create function stop() returns event_trigger language plpgsql as
       $$ begin if current_query() ~ '^grant .* on table .*"runs" ' then raise 'stopped here'; end if; end $$`,
    "create event trigger stops on ddl_command_start when tag in ('GRANT') execute function stop()",
  );
  await expect(migrateLedger({ url: owner })).rejects.toThrow('stopped here');
  expect(await ask(app, 'select count(*)::int as runs from runs')).toEqual([[{ runs: 0 }]]);
});

test('a migration whose grants were interrupted is mended by the next one, whatever has become of other roles', async () => {
  const { owner, app } = await grantedDatabase(server, 'interrupted');
  const others = ['interrupted_a', 'interrupted_z'];
  for (const role of others) {
    await ask(server.urlOf('interrupted'), `create role ${role}`);
    await grantLedger({ url: owner }, role);
    await ask(server.urlOf('interrupted'), `alter role ${role} bypassrls`);
  }
  await ask(owner, 'revoke all on table runs from interrupted_app');
  await using ledger = await openLedger({ url: app });
  await expect(ledger.listRuns()).rejects.toThrow();
  const refused: string[] = [];
  expect(await migrateLedger({ url: app })).toEqual([]);
  expect(await migrateLedger({ url: owner }, (refusal) => void refused.push(refusal))).toEqual([]);
  expect(refused.toSorted()).toEqual(others.map((role) => `The role ${role} is above all rights.`));
  expect(await ledger.listRuns()).toEqual([]);
});

test('a role that nothing can be kept from is refused', async () => {
  const { owner } = await databaseOfRoles(server, 'refused');
  await expect(grantLedger({ url: owner }, 'nobody')).rejects.toMatchObject({
    code: 'invalid_input',
    hint: expect.stringContaining('create role'),
  });
  await expect(grantLedger({ url: owner }, 'belay')).rejects.toThrow('above all rights');
  await expect(grantLedger({ url: owner }, 'refused_owner')).rejects.toThrow('belong to');
  await expect(grantLedger({ path: 'ledger.db' }, 'x')).rejects.toThrow('no roles');
  await ask(owner, 'grant create on schema public to public', 'create role more');
  await ask(server.urlOf('refused'), 'create role more');
  expect(await grantLedger({ url: owner }, 'more')).toEqual([expect.stringContaining('revoke create')]);
});

test('a Postgres that is away is opened by who bears it, and used once it is there', async () => {
  const { app } = await grantedDatabase(server, 'down');
  await server.stop();
  await expect(openLedger({ url: app })).rejects.toMatchObject({ code: 'ledger_unreachable' });
  await using ledger = await openLedger({ url: app, onAway: () => {} });
  await expect(ledger.listRuns()).rejects.toMatchObject({ code: 'ledger_unreachable' });
  await server.start();
  await eventually(async () => expect(await ledger.listRuns()).toEqual([]));
});
