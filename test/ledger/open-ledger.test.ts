import { existsSync } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { tryLock } from '../../src/process/exclusive-lock.ts';
import { exampleRun } from '../support/example-run.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

function execute(path: string, sql: string): void {
  using database = new DatabaseSync(path);
  database.exec(sql);
}

function tables(path: string): unknown[] {
  using database = new DatabaseSync(path, { readOnly: true });
  return database
    .prepare("select name from sqlite_master where type = 'table' and name not like 'kysely%' order by name")
    .all()
    .map((row) => row['name']);
}

test('what was recorded is there when the ledger is opened again', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'ledger.db');
  {
    await using ledger = await openLedger({ path });
    await ledger.recordRun(exampleRun());
  }
  await using again = await openLedger({ path });
  expect(await again.getRun('0123')).toEqual(exampleRun());
});

test('a file that is no database is refused, named and left as it is', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'ledger.db');
  await writeFile(path, 'this is a text and not a database at all, for it goes on and on\n'.repeat(100));
  await expect(openLedger({ path })).rejects.toMatchObject({
    code: 'ledger_unusable',
    message: expect.stringContaining(path),
    hint: expect.stringContaining('Move the file away'),
  });
});

test('a damaged ledger is reported as such when the damage is met', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'ledger.db');
  {
    await using ledger = await openLedger({ path });
    await ledger.recordRun(exampleRun());
  }
  await using file = await open(path, 'r+');
  const { size } = await file.stat();
  // The first page, of 4096 bytes, makes it a database; the others hold what is in it.
  await file.write(Buffer.alloc(size - 4096, 0xa5), 0, size - 4096, 4096);
  const reading = (async () => {
    await using ledger = await openLedger({ path });
    return await ledger.listRuns();
  })();
  await expect(reading).rejects.toMatchObject({ code: 'ledger_unusable' });
});

test('a ledger of a newer version is refused without being touched', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'ledger.db');
  await (await openLedger({ path }))[Symbol.asyncDispose]();
  execute(path, "insert into kysely_migration (name, timestamp) values ('0099-from-the-future', '2027-01-01')");
  await expect(openLedger({ path })).rejects.toMatchObject({
    code: 'ledger_unusable',
    message: expect.stringMatching(/newer Belay.*0099-from-the-future/),
  });
});

test('a migration that fails half-way leaves nothing of itself', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'ledger.db');
  execute(path, 'create table logs (something text)');
  await expect(openLedger({ path })).rejects.toThrow(/logs/);
  expect(tables(path)).toEqual(['logs']);
});

test('nobody opens a ledger while another does', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'ledger.db');
  const held = tryLock(`${path}.opening`);
  const opening = openLedger({ path });
  expect(existsSync(path)).toBe(false);
  held?.[Symbol.dispose]();
  await using ledger = await opening;
  expect(await ledger.listRuns()).toEqual([]);
});

test('a folder that is not there is named, with what to check', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'missing', 'ledger.db');
  await expect(openLedger({ path })).rejects.toMatchObject({ code: 'ledger_unusable', message: expect.stringContaining(path) });
});

test('a folder in the place of the database is refused', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'ledger.db');
  await mkdir(path);
  await expect(openLedger({ path })).rejects.toMatchObject({ code: 'ledger_unusable' });
});

test('a database that another process keeps locked is reported as busy', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'ledger.db');
  await using ledger = await openLedger({ path, busyTimeoutMs: 10 });
  using database = new DatabaseSync(path);
  database.exec('begin immediate');
  await expect(ledger.recordRun(exampleRun())).rejects.toMatchObject({ code: 'ledger_busy' });
  database.exec('rollback');
  await ledger.recordRun(exampleRun());
  expect((await ledger.getRun('0123abcd')).status).toBe('running');
});

test('lists use an index, whatever they are filtered by', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'ledger.db');
  await (await openLedger({ path }))[Symbol.asyncDispose]();
  using database = new DatabaseSync(path, { readOnly: true });
  const plan = (where: string): string =>
    database
      .prepare(`explain query plan select * from runs ${where} order by created_at desc, id desc limit 50`)
      .all()
      .map((row) => String(row['detail']))
      .join('; ');
  for (const where of ['', "where status = 'parked'", "where repository = 'acme/shop'", "where (created_at, id) < ('2026', 'a')"]) {
    expect(plan(where), where).toMatch(/USING INDEX runs_by_\w+/);
    expect(plan(where), where).not.toMatch(/TEMP B-TREE/);
  }
});
