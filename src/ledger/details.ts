import type { Kysely } from 'kysely';
import type { ArtifactRecord, SessionRecord, StepRecord } from '../contracts/records.ts';
import type { Ledger } from './ledger.ts';
import type { ArtifactsTable, LedgerTables, SessionsTable, StepsTable } from './schema.ts';

type Database = Kysely<LedgerTables>;

/** What a run did: steps, agents' sessions, files. */
export function detailQueries(
  db: Database,
): Pick<Ledger, 'recordStep' | 'listSteps' | 'recordSession' | 'listSessions' | 'recordArtifact' | 'listArtifacts' | 'getArtifact'> {
  return {
    recordStep: (step) => recordStep(db, step),
    recordSession: (session) => recordSession(db, session),
    recordArtifact: (artifact) => recordArtifact(db, artifact),
    async listSteps(runId) {
      const rows = await db.selectFrom('steps').selectAll().where('run_id', '=', runId).orderBy('number').execute();
      return rows.map(stepOf);
    },
    async listSessions(runId) {
      const rows = await db.selectFrom('sessions').selectAll().where('run_id', '=', runId).orderBy('step').orderBy('session_id').execute();
      return rows.map(sessionOf);
    },
    async listArtifacts(runId) {
      const rows = await db.selectFrom('artifacts').selectAll().where('run_id', '=', runId).orderBy('created_at').orderBy('path').execute();
      return rows.map(artifactOf);
    },
    async getArtifact(id) {
      const row = await db.selectFrom('artifacts').selectAll().where('id', '=', id).executeTakeFirst();
      return row && artifactOf(row);
    },
  };
}

async function recordStep(db: Database, step: StepRecord): Promise<void> {
  const row: StepsTable = {
    run_id: step.runId,
    number: step.number,
    name: step.name,
    phase: step.phase,
    status: step.status,
    attempt: step.attempt,
    started_at: step.startedAt,
    completed_at: step.completedAt ?? null,
    duration_ms: step.durationMs ?? null,
    summary: step.summary ?? null,
  };
  await db
    .insertInto('steps')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['run_id', 'number'])
        .doUpdateSet(row)
        // An attempt that timed out may still be running and report late.
        .where(({ eb, or, and, val }) =>
          or([
            eb('steps.attempt', '<', step.attempt),
            and([
              eb('steps.attempt', '=', step.attempt),
              or([eb('steps.completed_at', 'is', null), eb(val(row.completed_at), 'is not', null)]),
            ]),
          ]),
        ),
    )
    .execute();
}

async function recordSession(db: Database, session: SessionRecord): Promise<void> {
  const row: SessionsTable = {
    run_id: session.runId,
    step: session.step,
    session_id: session.sessionId,
    name: session.name,
    engine: session.engine,
    model: session.model ?? null,
    input_tokens: session.inputTokens,
    output_tokens: session.outputTokens,
    cache_read_tokens: session.cacheReadTokens,
    cache_write_tokens: session.cacheWriteTokens,
    cost_usd: session.costUsd,
    duration_ms: session.durationMs,
    success: session.success ? 1 : 0,
  };
  await db
    .insertInto('sessions')
    .values(row)
    .onConflict((conflict) => conflict.columns(['run_id', 'step', 'session_id']).doUpdateSet(row))
    .execute();
}

async function recordArtifact(db: Database, artifact: ArtifactRecord): Promise<void> {
  const { id, runId, step, kind, path, bytes, sha256, createdAt } = artifact;
  const row: ArtifactsTable = { id, run_id: runId, step: step ?? null, kind, path, bytes, sha256, created_at: createdAt };
  const { created_at: _first, ...changed } = row;
  await db
    .insertInto('artifacts')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(changed))
    .execute();
}

function stepOf(row: StepsTable): StepRecord {
  return {
    runId: row.run_id,
    number: row.number,
    name: row.name,
    phase: row.phase,
    status: row.status,
    attempt: row.attempt,
    startedAt: row.started_at,
    ...(row.completed_at === null ? {} : { completedAt: row.completed_at }),
    ...(row.duration_ms === null ? {} : { durationMs: row.duration_ms }),
    ...(row.summary === null ? {} : { summary: row.summary }),
  };
}

function sessionOf(row: SessionsTable): SessionRecord {
  return {
    runId: row.run_id,
    step: row.step,
    sessionId: row.session_id,
    name: row.name,
    engine: row.engine,
    ...(row.model === null ? {} : { model: row.model }),
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cacheReadTokens: row.cache_read_tokens,
    cacheWriteTokens: row.cache_write_tokens,
    costUsd: row.cost_usd,
    durationMs: row.duration_ms,
    success: row.success === 1,
  };
}

function artifactOf({ id, run_id: runId, step, kind, path, bytes, sha256, created_at: createdAt }: ArtifactsTable): ArtifactRecord {
  return { id, runId, ...(step === null ? {} : { step }), kind, path, bytes, sha256, createdAt };
}
