import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { DatabaseSync, backup } from 'node:sqlite';
import { BelayError } from '../contracts/errors.ts';
import { ledgerError } from './errors.ts';
import { MIGRATIONS } from './migrations.ts';
import { openingLock } from './open-sqlite.ts';

export interface BackupRequest {
  /** The ledger's file. */
  path: string;
  file: string;
}

/** Copies a ledger while it is in use: as it was at one moment. Throws invalid_input where the file is there already. */
export async function backUpLedger({ path, file }: BackupRequest): Promise<void> {
  if (existsSync(file)) {
    throw new BelayError({
      code: 'invalid_input',
      message: `The file ${file} is there already.`,
      hint: 'Name another one: a backup is never written over.',
    });
  }
  // One that breaks off is not taken for a backup, and not in the way of the next.
  const part = `${file}.part`;
  await rm(part, { force: true });
  await copyDatabase({ from: path, to: part });
  await rename(part, file);
}

/**
 * Puts a backup in the place of the ledger, in one transaction: what is there now is kept beside it. Nobody may work with it meanwhile.
 * Throws ledger_unusable where the backup is not sound, ledger_busy where a process has the ledger open.
 */
export async function restoreLedger({ path, file, aside }: BackupRequest & { aside: string }): Promise<void> {
  assertLedger(file);
  // Nobody opens it until this is done, and nobody has it open.
  using _guard = await openingLock(path);
  if (existsSync(path)) {
    assertUnused(path);
    await copyDatabase({ from: path, to: aside });
  }
  await copyDatabase({ from: file, to: path });
}

/** Out of WAL a ledger is taken only by who is alone with it: every connection holds a lock that the kernel knows of. */
function assertUnused(path: string): void {
  try {
    using database = new DatabaseSync(path, { timeout: 0 });
    database.exec('pragma journal_mode = delete');
  } catch (error) {
    const known = ledgerError({ path, error });
    if (!(known instanceof BelayError) || known.code !== 'ledger_busy') throw known;
    throw new BelayError({
      code: 'ledger_busy',
      message: `The ledger ${path} is in use: a worker, an API or a command has it open.`,
      hint: 'Stop all of them first. Nothing was changed.',
      cause: error,
    });
  }
}

async function copyDatabase({ from, to }: { from: string; to: string }): Promise<void> {
  try {
    using source = new DatabaseSync(from, { readOnly: true, timeout: 5000 });
    // Of one moment: SQLite begins anew whenever another connection has written, which of a ledger in use comes to no end.
    source.exec('begin');
    source.prepare('select count(*) from sqlite_schema').get();
    await backup(source, to);
  } catch (error) {
    throw ledgerError({ path: from, error });
  }
}

function assertLedger(file: string): void {
  const problem = problemOf(file);
  if (problem === undefined) return;
  throw new BelayError({
    code: 'ledger_unusable',
    message: `${file} cannot be restored: ${problem}.`,
    hint: 'Nothing was changed. Take another backup, one that this version of Belay, or an earlier one, has made.',
  });
}

function problemOf(file: string): string | undefined {
  try {
    using database = new DatabaseSync(file, { readOnly: true });
    const sound = database.prepare('pragma quick_check').get()?.['quick_check'];
    if (sound !== 'ok') return `it is damaged (${String(sound)})`;
    const names = database
      .prepare('select name from kysely_migration order by name')
      .all()
      .map(({ name }) => String(name));
    const newer = names.filter((name) => !Object.hasOwn(MIGRATIONS, name));
    return newer.length > 0 ? `it is of a newer Belay (it has ${newer.join(', ')})` : undefined;
  } catch (error) {
    return `it is no ledger (${error instanceof Error ? error.message : String(error)})`;
  }
}
