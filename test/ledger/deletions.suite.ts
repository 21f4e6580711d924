import { expect, test } from 'vitest';
import { exampleRun } from '../support/example-run.ts';
import { exampleStep as step, recordAll, recordRuns } from '../support/example-records.ts';
import { freshLedger } from '../support/fresh-ledger.ts';

const at = '2026-11-20T10:00:00.000Z';
const later = '2026-11-20T11:00:00.000Z';
const runId = '0123abcd';

const OF_RUNS = ['phases', 'steps', 'sessions', 'artifacts', 'logs', 'versions', 'effects', 'epochs', 'comments', 'events'];

async function counts(rows: (sql: string) => Promise<Record<string, unknown>[]>, tables: readonly string[]): Promise<number[]> {
  return Promise.all(tables.map(async (table) => Number((await rows(`select count(*) as count from ${table}`))[0]?.['count'])));
}

test('a run that is deleted takes all its records with it, and does not come back', async () => {
  await using fresh = await freshLedger();
  const { ledger, rows } = fresh;
  const closed = exampleRun({
    version: 2,
    status: 'completed',
    phases: [{ name: 'plan', status: 'completed', attempts: 1, sessions: [] }],
  });
  await recordAll(ledger);
  await ledger.recordRun(exampleRun());
  await expect(ledger.deleteRun(runId)).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('running') });
  await ledger.recordRun(closed);
  await ledger.addComment({ runId, step: 1, author: 'ada', text: 'good', createdAt: at });
  expect(await counts(rows, OF_RUNS)).not.toContain(0);
  expect(await ledger.isDeletedRun(runId)).toBe(false);
  await ledger.deleteRun(runId);
  expect(await ledger.isDeletedRun(runId)).toBe(true);
  await ledger.recordRun({ ...closed, version: 3 });
  await recordAll(ledger);
  expect(await counts(rows, ['runs', ...OF_RUNS])).toEqual(['runs', ...OF_RUNS].map(() => 0));
  expect(await ledger.raiseEpoch({ runId, epoch: 9, executionId: 'e' })).toBe(false);
  await expect(ledger.deleteRun(runId)).rejects.toMatchObject({ code: 'invalid_input' });
});

test('the id of a deleted run is not given to another', async () => {
  const ids = [runId, 'bbbbbbbb'];
  await using fresh = await freshLedger({ newRunId: () => ids.shift() ?? 'cccccccc' });
  const { ledger } = fresh;
  await ledger.recordRun(exampleRun({ status: 'failed' }));
  await ledger.deleteRun(runId);
  const reservation = { workflowId: 'w', pipeline: 'sdlc', repository: 'acme/shop', triggeredBy: 'ada', createdAt: at } as const;
  expect(await ledger.reserveRun(reservation)).toBe('bbbbbbbb');
});

test('a repository is deleted with its runs, once all of them are closed', async () => {
  await using fresh = await freshLedger();
  const { ledger, rows } = fresh;
  await recordRuns(ledger, [
    { id: 'aaaaaaaa', status: 'completed', createdAt: later },
    { id: 'bbbbbbbb', status: 'parked' },
    { id: 'cccccccc', repository: 'acme/site' },
  ]);
  expect(await ledger.listRepositories()).toEqual([
    { slug: 'acme/shop', runs: 2, createdAt: later, lastRunAt: later },
    { slug: 'acme/site', runs: 1, createdAt: at, lastRunAt: at },
  ]);
  await expect(ledger.deleteRepository('acme/shop')).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining('bbbbbbbb'),
  });
  await ledger.recordRun(exampleRun({ id: 'bbbbbbbb', status: 'cancelled', version: 2 }));
  const delivery = { source: 'github', event: 'issues', repository: 'acme/shop', receivedAt: at, payload: '{}' } as const;
  for (const id of ['done', 'waiting']) await ledger.storeDelivery({ ...delivery, id });
  await ledger.settleDelivery({ id: 'done', outcome: 'ignored', at });
  await ledger.deleteRepository('acme/shop');
  // What has not been processed may begin something new.
  expect(await rows('select id from deliveries')).toEqual([{ id: 'waiting' }]);
  expect((await ledger.listRuns()).map(({ id }) => id)).toEqual(['cccccccc']);
  expect((await ledger.listRepositories()).map(({ slug }) => slug)).toEqual(['acme/site']);
  expect(await counts(rows, ['deleted_runs'])).toEqual([2]);
  await expect(ledger.deleteRepository('acme/shop')).rejects.toMatchObject({ code: 'invalid_input' });
});

test('what is recorded of a run before the run itself is kept, and no run is shown', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await recordAll(ledger);
  expect(await ledger.listRuns()).toEqual([]);
  await expect(ledger.getRun(runId)).rejects.toMatchObject({ code: 'invalid_input' });
  expect(await ledger.listRepositories()).toEqual([]);
  await ledger.recordRun(exampleRun());
  expect(await ledger.getRun(runId)).toEqual(exampleRun());
  expect(await ledger.listSteps(runId)).toEqual([step]);
});

test("a run's current step is the one at work, and none when that is deleted", async () => {
  await using fresh = await freshLedger();
  const { ledger, rows } = fresh;
  const current = async () => (await rows('select current_step from runs'))[0]?.['current_step'];
  await ledger.recordRun(exampleRun());
  await ledger.recordStep(step);
  await ledger.recordStep({ ...step, number: 2 });
  expect(await current()).toBe(`${runId}/2`);
  await ledger.recordStep({ ...step, status: 'completed', completedAt: later });
  expect(await current()).toBe(`${runId}/2`);
  await rows(`delete from steps where number = 2`);
  expect(await current()).toBeNull();
});

test('notes are kept on runs and steps, with what else is known of them', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await ledger.recordRun(exampleRun());
  await ledger.recordStep(step);
  const first = await ledger.addComment({ runId, author: 'ada', text: 'Looks fine', metadata: { tags: ['ok'] }, createdAt: at });
  const second = await ledger.addComment({ runId, step: 1, author: 'bob', text: 'Why?', createdAt: later });
  expect(first).toEqual({ id: first.id, runId, author: 'ada', text: 'Looks fine', metadata: { tags: ['ok'] }, createdAt: at });
  expect(await ledger.listComments({ runId })).toEqual([first, second]);
  expect(await ledger.listComments({ runId, step: 1 })).toEqual([second]);
  await expect(ledger.addComment({ runId: 'nobody00', author: 'a', text: 'b', createdAt: at })).rejects.toMatchObject({
    code: 'invalid_input',
  });
  await expect(ledger.addComment({ runId, step: 9, author: 'a', text: 'b', createdAt: at })).rejects.toThrow('no step 9');
});

test('a pipeline with runs cannot be deleted, one without any can', async () => {
  await using fresh = await freshLedger();
  const { ledger, rows } = fresh;
  await recordRuns(ledger, [{ id: 'aaaaaaaa', pipeline: 'plan', status: 'completed' }]);
  const reservation = { workflowId: 'w', pipeline: 'ship', repository: 'acme/shop', triggeredBy: 'ada', createdAt: later } as const;
  const reserved = await ledger.reserveRun(reservation);
  await ledger.recordStep({ ...step, runId: 'bbbbbbbb' });
  expect(await rows('select name, kind, first_seen from pipelines order by name')).toEqual([
    { name: 'plan', kind: 'built-in', first_seen: at },
    { name: 'ship', kind: 'built-in', first_seen: later },
  ]);
  for (const name of ['plan', 'ship']) await expect(rows(`delete from pipelines where name = '${name}'`)).rejects.toThrow(/foreign key/i);
  await ledger.discardReservation(reserved);
  await ledger.deleteRun('aaaaaaaa');
  await rows('delete from pipelines');
  expect(await rows('select name from pipelines')).toEqual([]);
});

test('of a copy, runs are forgotten that nothing was recorded of for long, and may come again', async () => {
  await using fresh = await freshLedger();
  const { ledger, rows } = fresh;
  await recordRuns(ledger, [{ id: 'aaaaaaaa' }, { id: 'bbbbbbbb' }]);
  for (const id of ['aaaaaaaa', 'bbbbbbbb', 'cccccccc', 'dddddddd']) await recordAll(ledger, id);
  await rows(`update runs set updated_at = '${at}' where id in ('aaaaaaaa', 'bbbbbbbb')`);
  await rows(`update events set at = '${at}' where run_id in ('aaaaaaaa', 'cccccccc')`);
  expect(await ledger.forgetRuns(later)).toBe(2);
  expect((await rows('select id from runs order by id')).map(({ id }) => id)).toEqual(['bbbbbbbb', 'dddddddd']);
  await ledger.recordRun(exampleRun({ id: 'aaaaaaaa' }));
  expect((await ledger.getRun('aaaaaaaa')).id).toBe('aaaaaaaa');
});
