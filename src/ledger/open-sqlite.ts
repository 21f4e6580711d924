import { BelayError } from '../contracts/errors.ts';
import { LockBusyError, acquireLock } from '../process/exclusive-lock.ts';
import { Kysely } from 'kysely';
import type { Store } from './flavour.ts';
import { SQLITE } from './flavour.ts';
import { migrate } from './migrate.ts';
import type { LedgerTables } from './schema.ts';
import { shareDatabase } from './shared-database.ts';
import { sqliteDialect } from './sqlite.ts';

/** Opening takes milliseconds; a migration of a big ledger may take many seconds. */
const OPEN_WAIT_MS = 60_000;

export interface SqliteOptions {
  path: string;
  busyTimeoutMs?: number;
}

export async function openSqlite(file: SqliteOptions): Promise<Store & { close: () => Promise<void> }> {
  const { db, close } = await shareDatabase(file.path, () => openMigrated(file));
  return { db, flavour: SQLITE, close };
}

/** Opens it for its migrations alone, and gives those that it took. */
export async function migrationsOf(file: SqliteOptions): Promise<string[]> {
  let done: string[] = [];
  const db = await openMigrated(file, (names) => (done = names));
  await db.destroy();
  return done;
}

/** SQLite does not wait for others that switch a new file to WAL: of 750 openings at the same moment, 7 failed without the lock. */
async function openMigrated(
  { path, ...options }: SqliteOptions,
  onMigrated: (names: string[]) => void = () => {},
): Promise<Kysely<LedgerTables>> {
  using _guard = await openingLock(path);
  const db = new Kysely<LedgerTables>({ dialect: sqliteDialect({ path, ...options }) });
  try {
    onMigrated(await migrate({ db, place: path }));
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** Whoever has it opens the ledger alone. */
export async function openingLock(path: string): Promise<Disposable> {
  try {
    return await acquireLock({ path: `${path}.opening`, waitMs: OPEN_WAIT_MS });
  } catch (error) {
    if (error instanceof LockBusyError) throw busy(path, error);
    throw new BelayError({
      code: 'ledger_unusable',
      message: `The ledger ${path} cannot be opened (${error instanceof Error ? error.message : String(error)}).`,
      hint: 'Check that its folder exists and that you may write there; BELAY_HOME says where it is looked for.',
      cause: error,
    });
  }
}

function busy(path: string, error: LockBusyError): BelayError {
  return new BelayError({
    code: 'ledger_busy',
    message: `The ledger ${path} is being opened or migrated by another process${error.holder ? ` (${error.holder.pid})` : ''}.`,
    hint: 'Try again when it is done; a stopped process would have to be ended first.',
    cause: error,
  });
}
