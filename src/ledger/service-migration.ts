import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { columnTypes } from './column-types.ts';
import type { ColumnTypes } from './column-types.ts';

/** What a service keeps beside its runs: notes, events, tokens, what came in, and who did what. */
export async function createService(db: Kysely<unknown>): Promise<void> {
  const types = columnTypes(db);
  await createComments(db, types);
  await createEvents(db, types);
  await createTokens(db, types);
  await createDeliveries(db, types);
  await createTriggers(db, types);
  await createAudit(db, types);
}

async function createComments(db: Kysely<unknown>, { text, rising }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('comments')
    .addColumn('id', rising)
    .addColumn('run_id', text, (column) => column.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('step', 'integer')
    .addColumn('author', text, (column) => column.notNull())
    .addColumn('text', text, (column) => column.notNull())
    .addColumn('metadata', text)
    .addColumn('created_at', text, (column) => column.notNull())
    .addForeignKeyConstraint('comments_on_steps', ['run_id', 'step'], 'steps', ['run_id', 'number'], (key) => key.onDelete('cascade'))
    .execute();
  await db.schema.createIndex('comments_by_run').on('comments').columns(['run_id', 'step', 'id']).execute();
}

async function createEvents(db: Kysely<unknown>, { text, rising }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('events')
    .addColumn('id', rising)
    .addColumn('run_id', text, (column) => column.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('type', text, (column) => column.notNull())
    .addColumn('at', text, (column) => column.notNull())
    .addColumn('data', text, (column) => column.notNull())
    .execute();
  await db.schema.createIndex('events_by_run').on('events').columns(['run_id', 'id']).execute();
  await db.schema.createIndex('events_by_time').on('events').columns(['at']).execute();
}

async function createTokens(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('api_tokens')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull().unique())
    .addColumn('role', text, (column) => column.notNull())
    .addColumn('repositories', text)
    .addColumn('created_at', text, (column) => column.notNull())
    .addColumn('expires_at', text)
    .addColumn('revoked_at', text)
    .addColumn('last_used_at', text)
    .execute();
  await db.schema
    .createIndex('api_tokens_by_name')
    .on('api_tokens')
    .column('name')
    .unique()
    .where(sql.ref('revoked_at'), 'is', null)
    .execute();
}

async function createDeliveries(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('deliveries')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('source', text, (column) => column.notNull())
    .addColumn('event', text, (column) => column.notNull())
    .addColumn('action', text)
    .addColumn('repository', text)
    .addColumn('received_at', text, (column) => column.notNull())
    .addColumn('due_at', text)
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('error', text)
    .addColumn('outcome', text)
    .addColumn('detail', text)
    .addColumn('settled_at', text)
    .addColumn('payload', text)
    .execute();
  await db.schema
    .createIndex('deliveries_waiting')
    .on('deliveries')
    .columns(['received_at', 'id', 'due_at'])
    .where(sql.ref('settled_at'), 'is', null)
    .execute();
  await db.schema.createIndex('deliveries_settled').on('deliveries').columns(['settled_at']).execute();
}

async function createTriggers(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('triggers')
    .addColumn('repository', text, (column) => column.notNull())
    .addColumn('issue_key', text, (column) => column.notNull())
    .addColumn('event', text, (column) => column.notNull())
    .addColumn('run_id', text)
    .addColumn('at', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('triggers_once', ['repository', 'issue_key', 'event'])
    .execute();
}

async function createAudit(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('audit')
    .addColumn('id', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('at', text, (column) => column.notNull())
    .addColumn('actor', text, (column) => column.notNull())
    .addColumn('role', text, (column) => column.notNull())
    .addColumn('source', text, (column) => column.notNull())
    .addColumn('address', text)
    .addColumn('action', text, (column) => column.notNull())
    .addColumn('target', text)
    .addColumn('run_id', text)
    .addColumn('detail', text)
    .addColumn('hash', text, (column) => column.notNull())
    .execute();
  await db.schema.createIndex('audit_by_run').on('audit').columns(['run_id', 'id']).execute();
  await db.schema.createIndex('audit_by_time').on('audit').columns(['at']).execute();
  await db.schema
    .createTable('audit_start')
    .addColumn('id', 'bigint', (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull())
    .execute();
}
