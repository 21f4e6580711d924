import type { Kysely } from 'kysely';
import { newerLedger } from './errors.ts';
import { MIGRATIONS } from './migrations.ts';
import type { LedgerTables } from './schema.ts';

/** Kysely's own table of what has been done. */
const DONE_TABLE = 'kysely_migration';

export interface Schema {
  db: Kysely<LedgerTables>;
  /** How it is called in messages. */
  place: string;
}

/**
 * Brings the schema to this version's, and gives what that took. Callers make sure that no other process does so at the same time.
 */
export async function migrate({ db, place }: Schema): Promise<string[]> {
  const missing = await missingMigrations({ db, place });
  if (missing.length === 0) return [];
  // Loaded for the one opening in thousands that needs it.
  const { Migrator } = await import('kysely/migration');
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
  return missing;
}

/** Throws ledger_unusable where a newer Belay was there. */
export async function missingMigrations({ db, place }: Schema): Promise<string[]> {
  const done = new Set(await appliedMigrations(db));
  const unknown = [...done].filter((name) => !Object.hasOwn(MIGRATIONS, name));
  if (unknown.length > 0) throw newerLedger({ place, migrations: unknown });
  return Object.keys(MIGRATIONS).filter((name) => !done.has(name));
}

async function appliedMigrations(db: Kysely<LedgerTables>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === DONE_TABLE)) return [];
  const rows = await db.withTables<{ [DONE_TABLE]: { name: string } }>().selectFrom(DONE_TABLE).select('name').orderBy('name').execute();
  return rows.map(({ name }) => name);
}
