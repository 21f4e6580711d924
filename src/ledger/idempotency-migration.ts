import type { Kysely } from 'kysely';
import { columnTypes } from './column-types.ts';

/** Requests by the key that their sender gave them: sent again, they are answered as before. */
export async function createIdempotency(db: Kysely<unknown>): Promise<void> {
  const { text } = columnTypes(db);
  await db.schema
    .createTable('idempotency_keys')
    .addColumn('key', text, (column) => column.primaryKey().notNull())
    .addColumn('request', text, (column) => column.notNull())
    .addColumn('run_id', text)
    .addColumn('status', 'integer')
    .addColumn('begun_at', text, (column) => column.notNull())
    .execute();
  await db.schema.createIndex('idempotency_keys_by_time').on('idempotency_keys').columns(['begun_at']).execute();
}
