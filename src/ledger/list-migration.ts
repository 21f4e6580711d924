import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { columnTypes, isPostgres } from './column-types.ts';

/** What lists of runs are sorted by. */
const ORDERS = { time: 'created_at', change: 'updated_at', cost: 'cost_usd' };
/** What they are filtered by. An issue has few runs, which are soon sorted: its index has the one order that `list` uses. */
const FILTERS = {
  status: ['status'],
  pipeline: ['pipeline'],
  repository: ['repository'],
  trigger: ['triggered_by'],
  // The one filter of two that everybody asks for.
  repository_and_status: ['repository', 'status'],
};
const BEFORE = ['issue', 'status', 'pipeline', 'repository', 'trigger', 'time', 'change', 'cost'];

/**
 * Every filter of lists with every order: a page is read from an index as it stands there. Whose a run is stands in each, for it is asked
 * of every row for those who may see some repositories only.
 */
export async function indexLists(db: Kysely<unknown>): Promise<void> {
  for (const name of BEFORE) await db.schema.dropIndex(`runs_by_${name}`).execute();
  await indexRuns(db, 'runs_by_issue', ['issue_key', 'created_at', 'id', 'is_stub', 'repository']);
  for (const [order, sorted] of Object.entries(ORDERS)) {
    await indexRuns(db, `runs_by_${order}`, [sorted, 'id', 'is_stub', 'repository']);
    for (const [filter, columns] of Object.entries(FILTERS)) {
      const whose = columns.includes('repository') ? [] : ['repository'];
      await indexRuns(db, `runs_by_${filter}_and_${order}`, [...columns, sorted, 'id', 'is_stub', ...whose]);
    }
  }
}

async function indexRuns(db: Kysely<unknown>, name: string, columns: string[]): Promise<void> {
  await db.schema.createIndex(name).on('runs').columns(columns).execute();
}

/** What runs execute, by its name. As long as there are runs of it, it stays. */
export async function createPipelines(db: Kysely<unknown>): Promise<void> {
  const { text } = columnTypes(db);
  await db.schema
    .createTable('pipelines')
    .addColumn('name', text, (column) => column.primaryKey().notNull())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('first_seen', text, (column) => column.notNull())
    .execute();
  await sql`
    insert into pipelines (name, kind, first_seen)
    select pipeline, 'built-in', min(created_at) from runs where is_stub = 0 group by pipeline`.execute(db);
  // Computed, for a stub has no pipeline yet, and SQLite adds a foreign key to no column that is there already.
  const type = sql.raw(isPostgres(db) ? 'text collate "C"' : 'text');
  await sql`
    alter table runs add column definition ${type} generated always as (nullif(pipeline, '')) ${sql.raw(isPostgres(db) ? 'stored' : 'virtual')}
    references pipelines (name) on delete restrict`.execute(db);
}
