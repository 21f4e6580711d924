import { Kysely, PostgresDialect, sql } from 'kysely';
import { BelayError } from '../contracts/errors.ts';
import { behindLedger } from './errors.ts';
import { grantAgain } from './grants.ts';
import { migrate, missingMigrations } from './migrate.ts';
import { nameOf } from './postgres-connection.ts';
import { TranslatingPool } from './postgres-pool.ts';
import { LOCKS, MIGRATION_LOCK } from './row-security-migration.ts';
import type { LedgerTables } from './schema.ts';

type Database = Kysely<LedgerTables>;

export interface Preparing {
  /** Also where no migration is missing: one before may have been interrupted before it had granted what it made. */
  grant?: boolean;
  /** Told who can not be granted the tables, in words. */
  onRefused?: (refusal: string) => void;
}

/**
 * Sees to it that the tables are those of this version, and gives the migrations that it took. They are for the owner of the tables, or
 * whoever may make some; for all others throws ledger_behind where something is missing.
 */
export function preparePostgres(url: string, { grant = false, onRefused }: Preparing = {}): Promise<string[]> {
  const place = nameOf(url);
  return onOneConnection(url, async (db) => {
    const missing = await missingOf({ db, place });
    if (missing.length === 0 && !grant) return [];
    if (!(await mayMigrate(db))) {
      if (missing.length === 0) return [];
      throw behindLedger({ place, missing });
    }
    // Processes that start together wait for the first of them. The lock ends with the connection.
    await sql`select pg_advisory_lock(${sql.lit(LOCKS)}, ${sql.lit(MIGRATION_LOCK)})`.execute(db);
    const done = await migrate({ db, place });
    if (done.length > 0 || grant) for (const refusal of await grantAgain(db)) onRefused?.(refusal);
    return done;
  });
}

/** With all the time that it needs. */
export async function onOneConnection<T>(url: string, work: (db: Database) => Promise<T>): Promise<T> {
  const db: Database = new Kysely({ dialect: new PostgresDialect({ pool: new TranslatingPool(() => url, { max: 1 }) }) });
  try {
    return await db.connection().execute(work);
  } finally {
    await db.destroy();
  }
}

async function missingOf(ledger: { db: Database; place: string }): Promise<string[]> {
  try {
    return await missingMigrations(ledger);
  } catch (error) {
    if (isForbidden(error)) throw behindLedger({ place: ledger.place, missing: [], cause: error });
    throw error;
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: insufficient_privilege. */
const isForbidden = (error: unknown): boolean =>
  error instanceof BelayError && error.cause instanceof Error && 'code' in error.cause && error.cause.code === '42501';

async function mayMigrate(db: Database): Promise<boolean> {
  const { rows } = await sql<{ may: boolean | null }>`
    select has_schema_privilege(current_schema(), 'CREATE')
      and coalesce((select pg_has_role(relowner, 'USAGE') from pg_class where oid = to_regclass('runs')), true) as may`.execute(db);
  return rows[0]?.may === true;
}
