import { expect, test } from 'vitest';
import { exampleRun } from '../support/example-run.ts';
import { exampleArtifact, exampleStep, recordRuns } from '../support/example-records.ts';
import { freshLedger } from '../support/fresh-ledger.ts';

const at = '2026-11-20T10:00:00.000Z';
const later = '2026-11-20T11:00:00.000Z';
const latest = '2026-11-20T12:00:00.000Z';

test('logs go with the age of their run, once it is closed', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await recordRuns(ledger, [
    { id: 'aaaaaaaa', status: 'completed', completedAt: at },
    { id: 'bbbbbbbb', status: 'completed', completedAt: latest },
    { id: 'cccccccc', status: 'parked' },
  ]);
  const line = (runId: string, seq: number) => ({ runId, source: 's', seq, at, level: 'info', message: 'x' }) as const;
  await ledger.appendLogs(['aaaaaaaa', 'bbbbbbbb', 'cccccccc'].flatMap((id) => [line(id, 1), line(id, 2)]));
  expect(await ledger.expire({ logs: later })).toEqual({ logs: 2, audit: 0, events: 0, payloads: 0 });
  const left = await Promise.all(['aaaaaaaa', 'bbbbbbbb', 'cccccccc'].map((runId) => ledger.readLogs({ runId })));
  expect(left.map(({ length }) => length)).toEqual([0, 2, 2]);
  expect(await ledger.expire({ logs: later })).toMatchObject({ logs: 0 });
});

test('the audit is cut off at its beginning, and is still a chain', async () => {
  await using fresh = await freshLedger();
  const { ledger, rows } = fresh;
  const entry = { actor: 'ada', role: 'admin', source: 'api', action: 'run.cancel' };
  // One that was late stands before what is kept, and stays.
  for (const moment of [at, at, latest, at]) await ledger.appendAudit({ ...entry, at: moment });
  expect(await ledger.expire({ audit: later })).toMatchObject({ audit: 2 });
  expect((await ledger.listAudit({ limit: 9 })).map(({ id }) => id)).toEqual([3, 4]);
  expect(await ledger.verifyAudit()).toMatchObject({ entries: 2, head: expect.any(String) });
  expect(await ledger.expire({ audit: '2027-01-01' })).toMatchObject({ audit: 2 });
  expect((await ledger.appendAudit({ ...entry, at: latest })).id).toBe(5);
  const verdict = await ledger.verifyAudit();
  expect(verdict).toEqual({ entries: 1, head: expect.any(String) });
  await rows('delete from audit where id = 5');
  await ledger.appendAudit({ ...entry, at: latest, actor: 'mallory' });
  expect((await ledger.verifyAudit()).head).not.toBe(verdict.head);
});

test('events and bodies of deliveries go, that a delivery came does not', async () => {
  await using fresh = await freshLedger();
  const { ledger, rows } = fresh;
  await ledger.recordStep(exampleStep);
  const delivery = { id: 'd1', source: 'github', event: 'issues', receivedAt: at, payload: '{}' } as const;
  for (const id of ['d1', 'd2']) await ledger.storeDelivery({ ...delivery, id });
  await ledger.settleDelivery({ id: 'd1', outcome: 'ignored', at });
  expect(await ledger.expire({ events: '2100-01-01', payloads: later })).toMatchObject({ events: 1, payloads: 1 });
  expect(await ledger.readEvents({ after: 0 })).toEqual([]);
  expect(await rows('select id, payload from deliveries order by id')).toEqual([
    { id: 'd1', payload: null },
    { id: 'd2', payload: '{}' },
  ]);
  expect(await ledger.storeDelivery(delivery)).toBe(false);
});

test('files that are gone are forgotten', async () => {
  await using fresh = await freshLedger();
  await fresh.ledger.recordArtifact(exampleArtifact);
  await fresh.ledger.forgetArtifacts(exampleArtifact.runId);
  expect(await fresh.ledger.listArtifacts(exampleArtifact.runId)).toEqual([]);
});

test('numbers tell how the runs of each pipeline ended', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await recordRuns(ledger, [
    { id: 'aaaaaaaa', status: 'completed', costUsd: 1 },
    { id: 'bbbbbbbb', status: 'timed_out', costUsd: 0.5, createdAt: later },
    { id: 'cccccccc', status: 'parked', createdAt: later },
    { id: 'dddddddd', status: 'cancelled', pipeline: 'plan', createdAt: later },
  ]);
  await ledger.recordStep({ ...exampleStep, runId: 'eeeeeeee' });
  expect(await ledger.statistics()).toEqual([
    { pipeline: 'sdlc', runs: 3, completed: 1, failed: 1, cancelled: 0, open: 1, costUsd: 1.5 },
    { pipeline: 'plan', runs: 1, completed: 0, failed: 0, cancelled: 1, open: 0, costUsd: 0 },
  ]);
  expect(await ledger.statistics({ from: later })).toMatchObject([{ pipeline: 'sdlc', runs: 2 }, { pipeline: 'plan' }]);
  expect(await ledger.countRows()).toMatchObject({ runs: 5, steps: 1, repositories: 1, audit: 0 });
  await ledger.recordRun(exampleRun());
});

test('what is more than one statement takes goes all the same', async () => {
  await using fresh = await freshLedger();
  const { ledger, rows } = fresh;
  await recordRuns(ledger, [{ id: 'aaaaaaaa', status: 'completed', completedAt: at }]);
  await ledger.appendLogs(
    Array.from({ length: 5001 }, (_, seq) => ({ runId: 'aaaaaaaa', source: 's', seq, at, level: 'info', message: 'x' }) as const),
  );
  await rows(`insert into deliveries (id, source, event, received_at, attempts, settled_at, payload)
    with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 101)
    select 'd' || n, 'github', 'issues', '${at}', 1, '${at}', '{}' from numbers`);
  expect(await ledger.expire({ logs: later, payloads: later })).toMatchObject({ logs: 5001, payloads: 101 });
});
