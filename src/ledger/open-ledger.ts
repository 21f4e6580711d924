import { Kysely } from 'kysely';
import { BelayError } from '../contracts/errors.ts';
import { LockBusyError, acquireLock } from '../process/exclusive-lock.ts';
import { breakerQueries } from './breakers.ts';
import { detailQueries } from './details.ts';
import { effectQueries } from './effects.ts';
import { epochQueries } from './epochs.ts';
import { hostQueries } from './hosts.ts';
import type { Ledger } from './ledger.ts';
import { logQueries } from './logs.ts';
import { migrate } from './migrate.ts';
import { reservationQueries } from './reservations.ts';
import { randomRunId } from './run-ids.ts';
import { runQueries } from './runs.ts';
import { auditQueries } from './audit.ts';
import { commentQueries } from './comments.ts';
import { deletionQueries } from './deletions.ts';
import { deliveryQueries } from './deliveries.ts';
import { eventQueries } from './events.ts';
import { SQLITE } from './flavour.ts';
import { idempotencyQueries } from './idempotency.ts';
import { pageQueries } from './run-pages.ts';
import { statisticsQueries } from './statistics.ts';
import { tokenQueries } from './tokens.ts';
import { triggerQueries } from './triggers.ts';
import type { LedgerTables } from './schema.ts';
import { shareDatabase } from './shared-database.ts';
import { sqliteDialect } from './sqlite.ts';
import { versionQueries } from './versions.ts';

/** Opening takes milliseconds; a migration of a big ledger may take many seconds. */
const OPEN_WAIT_MS = 60_000;

export interface LedgerOptions {
  /** The database file. Its folder must exist. */
  path: string;
  /** Where run ids come from: random unless told. */
  newRunId?: () => string;
  /** How long a writer waits for another process; 5 s unless told. The wait blocks this process. */
  busyTimeoutMs?: number;
}

/** Opens the ledger, created and migrated where needed. All that a process opens of one file share a connection. */
export async function openLedger({ newRunId = randomRunId, ...file }: LedgerOptions): Promise<Ledger> {
  const { db, close } = await shareDatabase(file.path, () => openMigrated(file));
  const store = { db, flavour: SQLITE };
  return {
    ...reservationQueries(store, newRunId),
    ...runQueries(store),
    ...detailQueries(store),
    ...logQueries(store),
    ...epochQueries(store),
    ...breakerQueries(store),
    ...versionQueries(store),
    ...effectQueries(store),
    ...hostQueries(store),
    ...pageQueries(store),
    ...deletionQueries(store),
    ...commentQueries(store),
    ...tokenQueries(store),
    ...statisticsQueries(store),
    ...idempotencyQueries(store),
    ...deliveryQueries(store),
    ...triggerQueries(store),
    ...auditQueries(store),
    ...eventQueries(store),
    [Symbol.asyncDispose]: close,
  };
}

/** SQLite does not wait for others that switch a new file to WAL: of 750 openings at the same moment, 7 failed without the lock. */
async function openMigrated({ path, ...options }: { path: string; busyTimeoutMs?: number }): Promise<Kysely<LedgerTables>> {
  using _guard = await openingLock(path);
  const db = new Kysely<LedgerTables>({ dialect: sqliteDialect({ path, ...options }) });
  try {
    await migrate({ db, path });
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

async function openingLock(path: string): Promise<Disposable> {
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
