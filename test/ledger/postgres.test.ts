import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { eventually } from '../support/eventually.ts';
import { exampleRun } from '../support/example-run.ts';
import { freshLedger, usePostgres } from '../support/fresh-ledger.ts';
import { writeTogether } from '../support/ledger-writers.ts';
import type { Postgres } from '../support/postgres.ts';
import { declareSuites } from './suites.ts';

let server: Postgres;
beforeAll(async () => {
  server = await usePostgres();
});
afterAll(() => server[Symbol.asyncDispose]());

/** What a ledger does, on Postgres: one server for all of it. */
await declareSuites();

test('processes that begin a ledger together lose nothing', async () => {
  const url = await server.createDatabase('together');
  const codes = await writeTogether({ place: url, count: 4, rounds: 5 });
  expect(codes).toEqual([0, 0, 0, 0]);
  await using ledger = await openLedger({ url });
  expect(await ledger.pageRuns({ page: 1, limit: 1 })).toMatchObject({ total: 20 });
  const positions = (await ledger.readLogs({ runId: 'shared00' })).map(({ position }) => position);
  expect(positions).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

test('a ledger of a newer version is refused, and named without its password', async () => {
  await using fresh = await freshLedger();
  await fresh.rows("insert into kysely_migration (name, timestamp) values ('0099-from-the-future', '2027-01-01')");
  const opening = openLedger(fresh.place);
  await expect(opening).rejects.toMatchObject({ code: 'ledger_unusable', message: expect.stringContaining('0099-from-the-future') });
  await expect(opening).rejects.toThrow(/postgres:\/\/127\.0\.0\.1:\d+\/ledger_\d+ /);
});

test.each([
  ['a wrong password', (url: string) => url.replace('belay:belay', 'belay:wrong'), 'ledger_unusable'],
  ['a database that is not there', (url: string) => `${url}x`, 'ledger_unusable'],
  ['a host that is not there', (url: string) => url.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'), 'ledger_unreachable'],
])('%s is told from other problems', async (_, change, code) => {
  const opening = openLedger({ url: change(server.urlOf('postgres')) });
  await expect(opening).rejects.toMatchObject({ code, hint: expect.stringContaining('BELAY_DATABASE_URL') });
  await expect(opening).rejects.toThrow(/^(?!.*(?:belay:belay|wrong@))/);
});

test('texts may hold what Postgres does not take', async () => {
  await using fresh = await freshLedger();
  const view = exampleRun({ branch: 'a\0b', summary: 'c\0d' });
  await fresh.ledger.recordRun(view);
  expect(await fresh.ledger.getRun(view.id)).toEqual(view);
});

/** Ids of the newest event, as often as there was one, and what went wrong meanwhile. */
function watching(ledger: Ledger): AsyncDisposable & { seen: number[]; problems: unknown[] } {
  const seen: number[] = [];
  const problems: unknown[] = [];
  const watch = ledger.watchEvents({
    onNews: async () => void seen.push(await ledger.latestEvent()),
    onProblem: (error) => problems.push(error),
  });
  return { seen, problems, [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose]() };
}

test('a database that restarts is used again, and those who watch hear what they missed', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await using watch = watching(ledger);
  const { seen, problems } = watch;
  await ledger.recordRun(exampleRun());
  await eventually(async () => expect(seen.at(-1)).toBe(1));
  await server.stop();
  await expect(ledger.recordRun(exampleRun({ version: 2 }))).rejects.toMatchObject({ code: 'ledger_unreachable', class: 'retry' });
  await eventually(async () => expect(problems).toContainEqual(expect.objectContaining({ code: 'ledger_unreachable' })));
  await server.start();
  await eventually(() => ledger.recordRun(exampleRun({ version: 2, status: 'parked' })));
  await eventually(async () => expect(seen.at(-1)).toBe(2));
});

test('new connections are made with the password as it is now, also those of who listens', async () => {
  await using fresh = await freshLedger();
  const { url } = fresh.place as { url: string };
  const withPassword = (password: string): string => url.replace('belay:belay', `rotating:${password}`);
  await fresh.rows("create role rotating login superuser password 'the-first'");
  let now = withPassword('the-first');
  await using ledger = await openLedger({ url: now, urlNow: () => now });
  await using watch = watching(ledger);
  const { seen, problems } = watch;
  await ledger.recordRun(exampleRun());
  await eventually(async () => expect(seen.at(-1)).toBe(1));
  await fresh.rows("alter role rotating password 'the-second'");
  now = withPassword('the-second');
  await fresh.rows("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'rotating'");
  await eventually(() => ledger.recordRun(exampleRun({ version: 2 })));
  await fresh.ledger.recordRun(exampleRun({ version: 3, status: 'parked' }));
  await eventually(async () => expect(seen.at(-1)).toBe(await fresh.ledger.latestEvent()));
  expect(problems).not.toContainEqual(expect.objectContaining({ code: 'ledger_unusable' }));
});
