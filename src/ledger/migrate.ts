import type { Kysely } from 'kysely';
import { newerLedger } from './errors.ts';
import { MIGRATIONS } from './migrations.ts';
import type { LedgerTables } from './schema.ts';

/** Kysely's own table of what has been done. */
const DONE_TABLE = 'kysely_migration';

/** Brings the schema to this version's. Callers make sure that no other process does so at the same time. */
export async function migrate({ db, place }: { db: Kysely<LedgerTables>; place: string }): Promise<void> {
  const done = await appliedMigrations(db);
  const unknown = done.filter((name) => !Object.hasOwn(MIGRATIONS, name));
  if (unknown.length > 0) throw newerLedger({ place, migrations: unknown });
  if (done.length === Object.keys(MIGRATIONS).length) return;
  // Loaded for the one opening in thousands that needs it.
  const { Migrator } = await import('kysely/migration');
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

async function appliedMigrations(db: Kysely<LedgerTables>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === DONE_TABLE)) return [];
  const rows = await db.withTables<{ [DONE_TABLE]: { name: string } }>().selectFrom(DONE_TABLE).select('name').orderBy('name').execute();
  return rows.map(({ name }) => name);
}
