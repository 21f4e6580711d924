import { expect, test } from 'vitest';
import { RUN_SORTS } from '../../src/contracts/service-records.ts';
import type { RunPageQuery } from '../../src/contracts/service-records.ts';
import { exampleRun } from '../support/example-run.ts';
import { exampleStep as step, recordRuns } from '../support/example-records.ts';
import { freshLedger } from '../support/fresh-ledger.ts';
import { fillWithRuns, queriesOf } from '../support/list-plans.ts';

const at = '2026-11-20T10:00:00.000Z';
const later = '2026-11-20T11:00:00.000Z';
const latest = '2026-11-20T12:00:00.000Z';
const ofIssue = { tracker: 'local', repository: 'acme/site', key: '7', title: 'Seven', url: 'issues/7.md' };

test('pages of runs follow every filter, and say how many there are', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await recordRuns(ledger, [
    { id: 'aaaaaaaa', createdAt: at, costUsd: 3, status: 'completed', triggeredBy: 'bob' },
    { id: 'bbbbbbbb', createdAt: later, costUsd: 1, status: 'parked', pipeline: 'plan' },
    { id: 'cccccccc', createdAt: latest, costUsd: 2, repository: 'acme/site', issue: ofIssue },
  ]);
  // Only its details are known: nobody is shown it.
  await ledger.recordStep({ ...step, runId: 'dddddddd' });
  const ids = async (query: Partial<RunPageQuery>) => {
    const { items, total, isExact } = await ledger.pageRuns({ page: 1, limit: 10, ...query });
    expect([total, isExact]).toEqual([items.length, true]);
    return items.map(({ id }) => id[0]).join('');
  };
  expect(await ids({})).toBe('cba');
  expect(await ids({ descending: false })).toBe('abc');
  expect(await ids({ sort: 'costUsd' })).toBe('acb');
  expect(await ids({ sort: 'updatedAt', descending: false })).toBe('abc');
  expect(await ids({ status: ['completed', 'parked'] })).toBe('ba');
  expect(await ids({ pipeline: 'plan' })).toBe('b');
  expect(await ids({ repository: 'acme/site' })).toBe('c');
  expect(await ids({ issueKey: '7' })).toBe('c');
  expect(await ids({ triggeredBy: 'bob' })).toBe('a');
  expect(await ids({ from: later, to: latest })).toBe('b');
  expect(await ids({ repositories: ['acme/shop'] })).toBe('ba');
  expect(await ids({ repositories: [] })).toBe('');
  expect(await ids({ status: [] })).toBe('');
  expect(await ledger.pageRuns({ page: 2, limit: 2 })).toMatchObject({ items: [{ id: 'aaaaaaaa' }], total: 3, isExact: true });
  expect(await ledger.pageRuns({ page: 9, limit: 2 })).toEqual({ items: [], total: 3, isExact: true });
});

test('runs beyond 10,000 are not counted, and that is said', async () => {
  await using fresh = await freshLedger();
  const { ledger, rows } = fresh;
  await ledger.recordRun(exampleRun());
  await rows(`insert into runs (id, is_stub, workflow_id, pipeline, status, cost_usd, triggered_by, view_version, created_at, updated_at)
    with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 10000)
    select 'x' || n, 0, 'w', 'sdlc', 'completed', 0, 'ada', -1, '${at}', '${at}' from numbers`);
  expect(await ledger.pageRuns({ page: 1, limit: 1 })).toMatchObject({ total: 10_000, isExact: false });
  expect(await ledger.pageRuns({ page: 1, limit: 1, status: 'completed' })).toMatchObject({ total: 10_000, isExact: true });
});

test('a list of several statuses, or repositories, is one list in order', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  const statuses = ['completed', 'failed', 'parked'] as const;
  const runs = Array.from({ length: 12 }, (_, index) => ({
    id: `run0000${'0123456789ab'.charAt(index)}`,
    status: statuses[index % 3] ?? 'completed',
    repository: `acme/r${index % 4}`,
    costUsd: (index * 5) % 7,
  }));
  await recordRuns(ledger, runs);
  const wanted = (keep: (run: (typeof runs)[number]) => boolean): string[] =>
    runs
      .filter(keep)
      .toSorted((one, other) => other.costUsd - one.costUsd || (other.id < one.id ? -1 : 1))
      .map(({ id }) => id);
  const all = async (query: Partial<RunPageQuery>): Promise<string[]> => {
    const pages = [1, 2, 3, 4, 5].map((page) => ledger.pageRuns({ sort: 'costUsd', page, limit: 3, ...query }));
    return (await Promise.all(pages)).flatMap(({ items }) => items.map(({ id }) => id));
  };
  expect(await all({ status: ['failed', 'parked', 'failed'] })).toEqual(wanted(({ status }) => status !== 'completed'));
  expect(await all({ repositories: ['acme/r1', 'acme/r2', 'acme/none'] })).toEqual(wanted(({ repository }) => /[12]$/.test(repository)));
  expect(await all({ status: ['failed', 'parked'], repositories: ['acme/r1', 'acme/r2'] })).toEqual(
    wanted(({ status, repository }) => status !== 'completed' && /[12]$/.test(repository)),
  );
  expect(await all({ repositories: [...Array.from({ length: 60 }, (_, index) => `acme/x${index}`), 'acme/r3'] })).toEqual(
    wanted(({ repository }) => repository === 'acme/r3'),
  );
});

test('every list with every filter and order is read from an index, and nothing long is sorted', async () => {
  await using fresh = await freshLedger();
  await fillWithRuns(fresh, 3000);
  await using database = queriesOf(fresh.place);
  const filters: Partial<RunPageQuery>[] = [
    {},
    { status: 'completed' },
    { status: ['completed', 'parked'] },
    { pipeline: 'sdlc' },
    { repository: 'acme/r1' },
    { repositories: ['acme/r1', 'acme/r2'] },
    { triggeredBy: 'ada' },
    { issueKey: '7' },
    { from: at, to: latest },
    { status: 'parked', repository: 'acme/r1', pipeline: 'plan' },
  ];
  for (const filter of filters)
    for (const sort of RUN_SORTS)
      for (const descending of [true, false]) {
        const plan = await database.planOf({ ...filter, sort, descending, page: 2, limit: 50 });
        expect(plan.scans, plan.text).toEqual([]);
        // Ids, and what they are sorted by.
        for (const width of plan.sortedWidths) expect(width, plan.text).toBeLessThan(100);
      }
});
