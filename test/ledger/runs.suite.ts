import { expect, test } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { exampleRun } from '../support/example-run.ts';
import { freshLedger } from '../support/fresh-ledger.ts';
import type { FreshLedger } from '../support/fresh-ledger.ts';

const reservation = {
  workflowId: 'local:acme/shop#1',
  pipeline: 'sdlc',
  repository: 'acme/shop',
  issueKey: '1',
  triggeredBy: 'ada',
  createdAt: '2026-11-20T10:00:00.000Z',
} as const;

async function phaseNames({ rows }: FreshLedger): Promise<string[]> {
  const phases = await rows('select name, occurrence, status from phases order by position');
  return phases.map((row) => Object.values(row).join(' '));
}

test('a reserved run has an id of 8 Crockford characters and shows as pending', async () => {
  await using fresh = await freshLedger();
  const id = await fresh.ledger.reserveRun(reservation);
  expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{8}$/);
  expect(await fresh.ledger.getRun(id)).toMatchObject({ id, status: 'pending', repository: 'acme/shop', phases: [] });
});

test('an id that is taken is not given again', async () => {
  const ids = ['aaaaaaaa', 'aaaaaaaa', 'aaaaaaaa', 'bbbbbbbb'];
  await using fresh = await freshLedger({ newRunId: () => ids.shift() ?? 'cccccccc' });
  expect(await fresh.ledger.reserveRun(reservation)).toBe('aaaaaaaa');
  expect(await fresh.ledger.reserveRun(reservation)).toBe('bbbbbbbb');
});

test('the workflow id of a request can hold the run id', async () => {
  await using fresh = await freshLedger({ newRunId: () => 'aaaaaaaa' });
  await fresh.ledger.reserveRun({ ...reservation, workflowId: (id) => `local:acme/shop@${id}` });
  expect((await fresh.ledger.getRun('aaaaaaaa')).workflowId).toBe('local:acme/shop@aaaaaaaa');
});

test('discarding takes back a reservation but never a recorded run', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  const id = await ledger.reserveRun(reservation);
  await ledger.discardReservation(id);
  await expect(ledger.getRun(id)).rejects.toMatchObject({ code: 'invalid_input' });
  await ledger.recordRun(exampleRun());
  await ledger.discardReservation('0123abcd');
  expect((await ledger.getRun('0123abcd')).status).toBe('running');
});

test('a view comes back as it was recorded', async () => {
  await using fresh = await freshLedger();
  const view = exampleRun({
    phases: [
      {
        name: 'plan',
        status: 'completed',
        attempts: 1,
        sessions: [{ name: 'plan', engine: 'scripted', id: 's1', costUsd: 0.1, tokens: 5 }],
      },
    ],
    pullRequest: { number: 1, url: 'pulls/1.md', title: 'Mend it' },
    summary: 'naïve — “quoted” 🚚',
  });
  await fresh.ledger.recordRun(view);
  expect(await fresh.ledger.getRun(view.id)).toEqual(view);
});

test('an older or equal version never replaces a newer one', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await ledger.recordRun(
    exampleRun({ version: 5, status: 'parked', phases: [{ name: 'test', status: 'failed', attempts: 4, sessions: [] }] }),
  );
  await ledger.recordRun(exampleRun({ version: 4, status: 'running' }));
  await ledger.recordRun(exampleRun({ version: 5, status: 'running' }));
  expect(await ledger.getRun('0123abcd')).toMatchObject({ version: 5, status: 'parked' });
  expect(await phaseNames(fresh)).toEqual(['test 1 failed']);
});

test('phases follow the view: numbered by name, and gone when the view drops them', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  const done: Omit<RunView['phases'][number], 'name'> = { status: 'completed', attempts: 1, sessions: [] };
  const phases: RunView['phases'] = [
    { name: 'plan', ...done },
    { name: 'test', ...done },
    { name: 'review', ...done },
    { name: 'test', ...done },
  ];
  await ledger.recordRun(exampleRun({ version: 1, phases }));
  expect(await phaseNames(fresh)).toEqual(['plan 1 completed', 'test 1 completed', 'review 1 completed', 'test 2 completed']);
  await ledger.recordRun(exampleRun({ version: 2, phases: phases.slice(0, 1) }));
  expect(await phaseNames(fresh)).toEqual(['plan 1 completed']);
});

test('a run is found by the start of its id, in any case and with look-alike letters', async () => {
  await using fresh = await freshLedger();
  await fresh.ledger.recordRun(exampleRun());
  for (const text of ['0123abcd', '0', '0123AB', 'OI23', 'o12']) expect((await fresh.ledger.getRun(text)).id).toBe('0123abcd');
});

test.each(['9', '', '%', '_', '0123abcde', "'; drop table runs; --"])('no run is found by %j', async (text) => {
  await using fresh = await freshLedger();
  await fresh.ledger.recordRun(exampleRun());
  await expect(fresh.ledger.getRun(text)).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining(`'${text}'`) });
});

test('an ambiguous id is refused with its candidates', async () => {
  await using fresh = await freshLedger();
  await fresh.ledger.recordRun(exampleRun({ id: 'ab000000', status: 'completed' }));
  await fresh.ledger.recordRun(exampleRun({ id: 'ab111111' }));
  await expect(fresh.ledger.getRun('ab')).rejects.toMatchObject({ code: 'invalid_input' });
  await expect(fresh.ledger.getRun('ab')).rejects.toThrow('ab000000 (acme/shop#1, completed)');
  await expect(fresh.ledger.getRun('ab')).rejects.toThrow('ab111111 (acme/shop#1, open: running)');
  expect((await fresh.ledger.getRun('ab1')).id).toBe('ab111111');
});

const recordRuns = async (ledger: Ledger, runs: Partial<RunView>[]): Promise<void> => {
  for (const run of runs) await ledger.recordRun(exampleRun(run));
};

test('a list is newest first and can be filtered', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await recordRuns(ledger, [
    { id: 'aaaaaaaa', createdAt: '2026-11-20T10:00:00.000Z', status: 'completed' },
    { id: 'cccccccc', createdAt: '2026-11-20T12:00:00.000Z', status: 'parked', repository: 'acme/site' },
    { id: 'bbbbbbbb', createdAt: '2026-11-20T11:00:00.000Z', status: 'parked' },
  ]);
  const ids = async (filter?: Parameters<Ledger['listRuns']>[0]) => (await ledger.listRuns(filter)).map(({ id }) => id);
  expect(await ids()).toEqual(['cccccccc', 'bbbbbbbb', 'aaaaaaaa']);
  expect(await ids({ status: 'parked' })).toEqual(['cccccccc', 'bbbbbbbb']);
  expect(await ids({ status: ['parked', 'completed'], repository: 'acme/shop' })).toEqual(['bbbbbbbb', 'aaaaaaaa']);
});

test('pages cover every run once, even those of the same moment', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  const all = Array.from({ length: 9 }, (_, index) => ({ id: `${index}0000000`, createdAt: `2026-11-20T10:00:0${index % 2}.000Z` }));
  await recordRuns(ledger, all);
  const seen: string[] = [];
  let last: RunView | undefined;
  do {
    const page = await ledger.listRuns({ limit: 2, ...(last ? { before: last } : {}) });
    seen.push(...page.map(({ id }) => id));
    last = page.at(-1);
  } while (last);
  expect(seen.toSorted()).toEqual(all.map(({ id }) => id));
});

test('the earlier runs of an issue are the recorded ones, newest first, and no reservation', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await recordRuns(ledger, [
    { id: 'bbbbbbbb', createdAt: '2026-11-20T11:00:00.000Z' },
    { id: 'aaaaaaaa', createdAt: '2026-11-20T10:00:00.000Z' },
    { id: 'cccccccc', createdAt: '2026-11-20T12:00:00.000Z', workflowId: 'github:acme/shop#1' },
  ]);
  await ledger.reserveRun({ ...reservation, createdAt: '2026-11-20T13:00:00.000Z' });
  expect((await ledger.issueRuns({ workflowId: 'local:acme/shop#1' })).map(({ id }) => id)).toEqual(['bbbbbbbb', 'aaaaaaaa']);
  expect(await ledger.issueRuns({ workflowId: 'local:acme/shop#2' })).toEqual([]);
});
