import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { describeArtifacts } from './artifacts-migration.ts';
import { createIdempotency } from './idempotency-migration.ts';
import { createService } from './service-migration.ts';
import { createPipelines, indexLists } from './list-migration.ts';
import { secureRows } from './row-security-migration.ts';
import { ownByRuns } from './ownership-migration.ts';

/** In order of their names. One that has been released is never changed: add another. */
export const MIGRATIONS: Record<string, Migration> = {
  '0001-begin': { up: begin },
  '0002-runs-by-workflow': { up: findRunsByWorkflow },
  '0003-breakers': { up: createBreakers },
  '0004-versions': { up: createVersions },
  '0005-effects': { up: createEffects },
  '0006-hosts': { up: createHosts },
  '0007-service': { up: beAService },
  '0008-idempotency': { up: createIdempotency },
  '0009-artifacts': { up: describeArtifacts },
  '0010-row-security': { up: secureRows },
  '0011-lists': { up: indexLists },
  '0012-pipelines': { up: createPipelines },
};

async function beAService(db: Kysely<unknown>): Promise<void> {
  await ownByRuns(db);
  await createService(db);
}

async function begin(db: Kysely<unknown>): Promise<void> {
  await createRuns(db);
  await createPhases(db);
  await createSteps(db);
  await createSessions(db);
  await createArtifacts(db);
  await createLogs(db);
  await createEpochs(db);
}

/** An issue's runs share their workflow id; its number alone is not enough, once there are several forges. */
async function findRunsByWorkflow(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex('runs_by_issue').execute();
  await db.schema.createIndex('runs_by_workflow').on('runs').columns(['workflow_id', 'created_at', 'id']).execute();
}

async function createBreakers(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('breakers')
    .addColumn('key', 'text', (column) => column.primaryKey().notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('updated_at', 'text', (column) => column.notNull())
    .execute();
}

async function createVersions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('versions')
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('what', 'text', (column) => column.notNull())
    .addColumn('phase', 'text')
    .addColumn('data', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('versions_key', ['run_id', 'version'])
    .execute();
}

async function createRuns(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('runs')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('workflow_id', 'text', (column) => column.notNull())
    .addColumn('pipeline', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text')
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('issue_key', 'text')
    .addColumn('issue_title', 'text')
    .addColumn('branch', 'text')
    .addColumn('engine', 'text')
    .addColumn('cost_usd', 'double precision', (column) => column.notNull())
    .addColumn('triggered_by', 'text', (column) => column.notNull())
    .addColumn('view', 'text')
    .addColumn('view_version', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .addColumn('updated_at', 'text', (column) => column.notNull())
    .addColumn('completed_at', 'text')
    .execute();
  await db.schema.createIndex('runs_by_time').on('runs').columns(['created_at', 'id']).execute();
  await db.schema.createIndex('runs_by_status').on('runs').columns(['status', 'created_at', 'id']).execute();
  await db.schema.createIndex('runs_by_repository').on('runs').columns(['repository', 'created_at', 'id']).execute();
  await db.schema.createIndex('runs_by_issue').on('runs').columns(['repository', 'issue_key', 'created_at']).execute();
}

async function createPhases(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('phases')
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('occurrence', 'integer', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('started_at', 'text')
    .addColumn('completed_at', 'text')
    .addColumn('duration_ms', 'bigint')
    .addColumn('cost_usd', 'double precision', (column) => column.notNull())
    .addColumn('tokens', 'bigint', (column) => column.notNull())
    .addColumn('summary', 'text')
    .addColumn('error_code', 'text')
    .addPrimaryKeyConstraint('phases_key', ['run_id', 'position'])
    .execute();
}

async function createSteps(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('steps')
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('number', 'integer', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('phase', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('started_at', 'text', (column) => column.notNull())
    .addColumn('completed_at', 'text')
    .addColumn('duration_ms', 'bigint')
    .addColumn('summary', 'text')
    .addPrimaryKeyConstraint('steps_key', ['run_id', 'number'])
    .execute();
}

async function createSessions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sessions')
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('step', 'integer', (column) => column.notNull())
    .addColumn('session_id', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('engine', 'text', (column) => column.notNull())
    .addColumn('model', 'text')
    .addColumn('input_tokens', 'bigint', (column) => column.notNull())
    .addColumn('output_tokens', 'bigint', (column) => column.notNull())
    .addColumn('cache_read_tokens', 'bigint', (column) => column.notNull())
    .addColumn('cache_write_tokens', 'bigint', (column) => column.notNull())
    .addColumn('cost_usd', 'double precision', (column) => column.notNull())
    .addColumn('duration_ms', 'bigint', (column) => column.notNull())
    .addColumn('success', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('sessions_key', ['run_id', 'step', 'session_id'])
    .execute();
}

async function createArtifacts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('artifacts')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('step', 'integer')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('path', 'text', (column) => column.notNull())
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addColumn('sha256', 'text', (column) => column.notNull())
    .addColumn('created_at', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('artifacts_by_run').on('artifacts').columns(['run_id', 'created_at']).execute();
}

async function createLogs(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('logs')
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('seq', 'integer', (column) => column.notNull())
    .addColumn('at', 'text', (column) => column.notNull())
    .addColumn('level', 'text', (column) => column.notNull())
    .addColumn('phase', 'text')
    .addColumn('step', 'integer')
    .addColumn('message', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('logs_key', ['run_id', 'position'])
    .addUniqueConstraint('logs_by_source', ['run_id', 'source', 'seq'])
    .execute();
}

async function createEpochs(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('epochs')
    .addColumn('run_id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('epoch', 'integer', (column) => column.notNull())
    .addColumn('execution_id', 'text', (column) => column.notNull())
    .addColumn('raised_at', 'text', (column) => column.notNull())
    .execute();
}

async function createEffects(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('effects')
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('target', 'text', (column) => column.notNull())
    .addColumn('intent', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('intended_at', 'text', (column) => column.notNull())
    .addColumn('receipt', 'text')
    .addColumn('received_at', 'text')
    .addPrimaryKeyConstraint('effects_key', ['run_id', 'name', 'target'])
    .execute();
}

async function createHosts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('hosts')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('slots', 'integer', (column) => column.notNull())
    .addColumn('held', 'integer', (column) => column.notNull())
    .addColumn('runs', 'text', (column) => column.notNull())
    .addColumn('obstacle', 'text')
    .addColumn('memory_used', 'bigint', (column) => column.notNull())
    .addColumn('memory_total', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'text', (column) => column.notNull())
    .execute();
}
