import { sql } from 'kysely';
import type { CreateTableBuilder, Kysely } from 'kysely';
import { columnTypes } from './column-types.ts';
import type { ColumnTypes } from './column-types.ts';

/** Those that belong to a run, each with the columns that it had before. */
const OF_RUNS = {
  phases:
    'run_id, position, name, occurrence, status, attempts, started_at, completed_at, duration_ms, cost_usd, tokens, summary, error_code',
  sessions:
    'run_id, step, session_id, name, engine, model, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd, duration_ms, success',
  artifacts: 'id, run_id, step, kind, path, bytes, sha256, created_at',
  logs: 'run_id, position, source, seq, at, level, phase, step, message',
  epochs: 'run_id, epoch, execution_id, raised_at',
  versions: 'run_id, version, at, what, phase, data',
  effects: 'run_id, name, target, intent, attempts, intended_at, receipt, received_at',
};
const STEPS = 'run_id, number, name, phase, status, attempt, started_at, completed_at, duration_ms, summary';
const RUNS =
  'id, workflow_id, pipeline, status, outcome, repository, issue_key, issue_title, branch, engine, cost_usd, triggered_by, view_version, created_at, updated_at, completed_at, view';

type Tables = 'runs' | 'steps' | keyof typeof OF_RUNS;

/** Runs own what is recorded of them, and repositories own runs. SQLite adds no foreign key to a table: all are built anew. */
export async function ownByRuns(db: Kysely<unknown>): Promise<void> {
  const types = columnTypes(db);
  const before: Tables[] = ['runs', 'steps', ...(Object.keys(OF_RUNS) as (keyof typeof OF_RUNS)[])];
  for (const table of before) await db.schema.alterTable(table).renameTo(`old_${table}`).execute();
  await createRepositories(db, types);
  await createRuns(db, types);
  await createSteps(db, types);
  await createOfRuns(db, types);
  await copy(db, before);
  for (const table of before) await db.schema.dropTable(`old_${table}`).execute();
  // After the old tables, which have indexes of these names.
  await indexRuns(db);
  await db.schema.createIndex('artifacts_by_run').on('artifacts').columns(['run_id', 'created_at']).execute();
}

async function copy(db: Kysely<unknown>, tables: readonly Tables[]): Promise<void> {
  await sql`insert into repositories (slug, created_at) select repository, min(created_at) from old_runs group by repository`.execute(db);
  await sql`insert into runs (is_stub, ${sql.raw(RUNS)}) select 0, ${sql.raw(RUNS)} from old_runs`.execute(db);
  for (const table of tables) {
    if (table === 'runs') continue;
    await sql`
      insert into runs (id, is_stub, workflow_id, pipeline, status, cost_usd, triggered_by, view_version, created_at, updated_at)
      select distinct run_id, 1, '', '', 'pending', 0, '', -2, '', '' from ${sql.table(`old_${table}`)}
      where run_id not in (select id from runs)`.execute(db);
  }
  await sql`insert into steps (id, ${sql.raw(STEPS)}) select run_id || '/' || number, ${sql.raw(STEPS)} from old_steps`.execute(db);
  for (const [table, columns] of Object.entries(OF_RUNS)) {
    await sql`insert into ${sql.table(table)} (${sql.raw(columns)}) select ${sql.raw(columns)} from ${sql.table(`old_${table}`)}`.execute(
      db,
    );
  }
}

async function createRepositories(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('repositories')
    .addColumn('slug', text, (column) => column.primaryKey().notNull())
    .addColumn('created_at', text, (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('deleted_runs')
    .addColumn('run_id', text, (column) => column.primaryKey().notNull())
    .addColumn('deleted_at', text, (column) => column.notNull())
    .execute();
}

async function createRuns(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('runs')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('is_stub', 'integer', (column) => column.notNull())
    .addColumn('workflow_id', text, (column) => column.notNull())
    .addColumn('pipeline', text, (column) => column.notNull())
    .addColumn('status', text, (column) => column.notNull())
    .addColumn('waiting_for', text)
    .addColumn('outcome', text)
    .addColumn('repository', text, (column) => column.references('repositories.slug').onDelete('cascade'))
    .addColumn('issue_key', text)
    .addColumn('issue_title', text)
    .addColumn('branch', text)
    .addColumn('engine', text)
    .addColumn('cost_usd', 'double precision', (column) => column.notNull())
    .addColumn('triggered_by', text, (column) => column.notNull())
    .addColumn('view_version', 'integer', (column) => column.notNull())
    .addColumn('created_at', text, (column) => column.notNull())
    .addColumn('updated_at', text, (column) => column.notNull())
    .addColumn('completed_at', text)
    // Last, for it is long: what stands before it is read without it.
    .addColumn('view', text)
    .execute();
}

/** Every filter and every order of lists. Stubs are told apart within the index. */
async function indexRuns(db: Kysely<unknown>): Promise<void> {
  const filters = { status: 'status', pipeline: 'pipeline', repository: 'repository', issue: 'issue_key', trigger: 'triggered_by' };
  for (const [name, column] of Object.entries(filters)) {
    await db.schema.createIndex(`runs_by_${name}`).on('runs').columns([column, 'created_at', 'id', 'is_stub']).execute();
  }
  const orders = { time: 'created_at', change: 'updated_at', cost: 'cost_usd' };
  for (const [name, column] of Object.entries(orders)) {
    await db.schema.createIndex(`runs_by_${name}`).on('runs').columns([column, 'id', 'is_stub']).execute();
  }
  await db.schema.createIndex('runs_by_workflow').on('runs').columns(['workflow_id', 'created_at', 'id']).execute();
}

async function createSteps(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await ofRun(db, 'steps', text)
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('number', 'integer', (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('phase', text, (column) => column.notNull())
    .addColumn('status', text, (column) => column.notNull())
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('started_at', text, (column) => column.notNull())
    .addColumn('completed_at', text)
    .addColumn('duration_ms', 'bigint')
    .addColumn('summary', text)
    .addUniqueConstraint('steps_numbered', ['run_id', 'number'])
    .execute();
  await db.schema
    .alterTable('runs')
    .addColumn('current_step', text, (column) => column.references('steps.id').onDelete('set null'))
    .execute();
  // For the deletion of a step, which looks here.
  await db.schema.createIndex('runs_by_current_step').on('runs').column('current_step').execute();
}

/** A table of a run's records: they go with it. */
function ofRun(db: Kysely<unknown>, table: string, text: ColumnTypes['text']): CreateTableBuilder<string, 'run_id'> {
  return db.schema.createTable(table).addColumn('run_id', text, (column) => column.notNull().references('runs.id').onDelete('cascade'));
}

async function createOfRuns(db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> {
  await ofRun(db, 'phases', text)
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('occurrence', 'integer', (column) => column.notNull())
    .addColumn('status', text, (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('started_at', text)
    .addColumn('completed_at', text)
    .addColumn('duration_ms', 'bigint')
    .addColumn('cost_usd', 'double precision', (column) => column.notNull())
    .addColumn('tokens', 'bigint', (column) => column.notNull())
    .addColumn('summary', text)
    .addColumn('error_code', text)
    .addPrimaryKeyConstraint('phases_placed', ['run_id', 'position'])
    .execute();
  await ofRun(db, 'sessions', text)
    .addColumn('step', 'integer', (column) => column.notNull())
    .addColumn('session_id', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('engine', text, (column) => column.notNull())
    .addColumn('model', text)
    .addColumn('input_tokens', 'bigint', (column) => column.notNull())
    .addColumn('output_tokens', 'bigint', (column) => column.notNull())
    .addColumn('cache_read_tokens', 'bigint', (column) => column.notNull())
    .addColumn('cache_write_tokens', 'bigint', (column) => column.notNull())
    .addColumn('cost_usd', 'double precision', (column) => column.notNull())
    .addColumn('duration_ms', 'bigint', (column) => column.notNull())
    .addColumn('success', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('sessions_named', ['run_id', 'step', 'session_id'])
    .execute();
  await createFilesAndLogs(db, text);
  await createDecisions(db, text);
}

async function createFilesAndLogs(db: Kysely<unknown>, text: ColumnTypes['text']): Promise<void> {
  await ofRun(db, 'artifacts', text)
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('step', 'integer')
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('path', text, (column) => column.notNull())
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addColumn('sha256', text, (column) => column.notNull())
    .addColumn('created_at', text, (column) => column.notNull())
    .execute();
  await ofRun(db, 'logs', text)
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('source', text, (column) => column.notNull())
    .addColumn('seq', 'integer', (column) => column.notNull())
    .addColumn('at', text, (column) => column.notNull())
    .addColumn('level', text, (column) => column.notNull())
    .addColumn('phase', text)
    .addColumn('step', 'integer')
    .addColumn('message', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('logs_placed', ['run_id', 'position'])
    .addUniqueConstraint('logs_told_once', ['run_id', 'source', 'seq'])
    .execute();
}

async function createDecisions(db: Kysely<unknown>, text: ColumnTypes['text']): Promise<void> {
  await ofRun(db, 'epochs', text)
    .addColumn('epoch', 'integer', (column) => column.notNull())
    .addColumn('execution_id', text, (column) => column.notNull())
    .addColumn('raised_at', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('epochs_of_runs', ['run_id'])
    .execute();
  await ofRun(db, 'versions', text)
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('at', text, (column) => column.notNull())
    .addColumn('what', text, (column) => column.notNull())
    .addColumn('phase', text)
    .addColumn('data', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('versions_numbered', ['run_id', 'version'])
    .execute();
  await ofRun(db, 'effects', text)
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('target', text, (column) => column.notNull())
    .addColumn('intent', text, (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('intended_at', text, (column) => column.notNull())
    .addColumn('receipt', text)
    .addColumn('received_at', text)
    .addPrimaryKeyConstraint('effects_named', ['run_id', 'name', 'target'])
    .execute();
}
