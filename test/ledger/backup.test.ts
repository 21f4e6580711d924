import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { backUpLedger, restoreLedger } from '../../src/ledger/backup.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { exampleRun } from '../support/example-run.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

async function place() {
  const folder = await temporaryDirectory();
  const of = (name: string): string => join(folder.path, name);
  return {
    path: of('ledger.db'),
    file: of('backup.db'),
    aside: of('aside.db'),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const idsIn = async (path: string): Promise<string[]> => {
  await using ledger = await openLedger({ path });
  return (await ledger.listRuns()).map(({ id }) => id).toSorted();
};

test('a ledger in use is backed up, and restored with what it held then', async () => {
  await using files = await place();
  {
    await using ledger = await openLedger({ path: files.path });
    await ledger.recordRun(exampleRun({ id: 'aaaaaaaa' }));
    await backUpLedger(files);
    await ledger.recordRun(exampleRun({ id: 'bbbbbbbb' }));
  }
  await expect(backUpLedger(files)).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining(files.file) });
  await restoreLedger(files);
  expect(await idsIn(files.path)).toEqual(['aaaaaaaa']);
  expect(await idsIn(files.aside)).toEqual(['aaaaaaaa', 'bbbbbbbb']);
  expect(existsSync(files.file)).toBe(true);
});

test('a ledger that is written to all the time is backed up as it was at one moment', async () => {
  await using files = await place();
  await using ledger = await openLedger({ path: files.path });
  for (let run = 0; run < 20; run++)
    await ledger.recordRun(exampleRun({ id: `aaaaaa${String(run).padStart(2, '0')}`, summary: 'x'.repeat(200_000) }));
  using other = new DatabaseSync(files.path, { timeout: 5000 });
  const write = other.prepare("update runs set updated_at = 'now'");
  const writer = setInterval(() => write.run(), 1);
  try {
    await backUpLedger(files);
  } finally {
    clearInterval(writer);
  }
  expect(await idsIn(files.file)).toHaveLength(20);
});

test('a ledger that somebody has open is not restored, whoever it is', async () => {
  await using files = await place();
  await (await openLedger({ path: files.file }))[Symbol.asyncDispose]();
  {
    await using ledger = await openLedger({ path: files.path });
    await ledger.recordRun(exampleRun({ id: 'aaaaaaaa' }));
    await expect(restoreLedger(files)).rejects.toMatchObject({ code: 'ledger_busy', message: expect.stringContaining('in use') });
    await ledger.recordRun(exampleRun({ id: 'bbbbbbbb' }));
  }
  expect(await idsIn(files.path)).toEqual(['aaaaaaaa', 'bbbbbbbb']);
  await restoreLedger(files);
  expect(await idsIn(files.path)).toEqual([]);
});

test('a ledger that is gone is restored', async () => {
  await using files = await place();
  await (await openLedger({ path: files.file }))[Symbol.asyncDispose]();
  await restoreLedger(files);
  expect(await idsIn(files.path)).toEqual([]);
  expect(existsSync(files.aside)).toBe(false);
});

test.each([
  ['no database', (file: string) => writeFile(file, 'this is a text\n'.repeat(400)), 'no ledger'],
  ['another database', async (file: string) => execute(file, 'create table x (y text)'), 'no ledger'],
  [
    'a ledger of a newer Belay',
    async (file: string) => {
      await (await openLedger({ path: file }))[Symbol.asyncDispose]();
      execute(file, "insert into kysely_migration (name, timestamp) values ('0099-from-the-future', '2027-01-01')");
    },
    'newer Belay',
  ],
])('%s is not restored, and nothing is changed', async (_, make, problem) => {
  await using files = await place();
  await (await openLedger({ path: files.path }))[Symbol.asyncDispose]();
  await make(files.file);
  await expect(restoreLedger(files)).rejects.toMatchObject({ code: 'ledger_unusable', message: expect.stringContaining(problem) });
  expect(existsSync(files.aside)).toBe(false);
  expect(await idsIn(files.path)).toEqual([]);
});

function execute(path: string, sql: string): void {
  using database = new DatabaseSync(path);
  database.exec(sql);
}
