import type { Transaction } from 'kysely';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import { totalTokens } from '../contracts/records.ts';
import type { ArtifactRecord, SessionRecord, StepRecord } from '../contracts/records.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { tell } from './events.ts';
import type { Store } from './flavour.ts';
import type { Ledger } from './ledger.ts';
import { ensureRun } from './parents.ts';
import type { ArtifactsTable, LedgerTables, SessionsTable, StepsTable } from './schema.ts';

/** What a run did: steps, agents' sessions, files. */
export function detailQueries(
  store: Store,
): Pick<Ledger, 'recordStep' | 'listSteps' | 'recordSession' | 'listSessions' | 'recordArtifact' | 'listArtifacts' | 'getArtifact'> {
  const { db, flavour } = store;
  const inRun = (runId: string, record: (writing: Writing) => Promise<void>, lock = flavour.kept): Promise<void> =>
    db.transaction().execute(async (transaction) => {
      if (await ensureRun({ transaction, runId, lock })) await record({ transaction, flavour });
    });
  return {
    recordStep: (step) => inRun(step.runId, (writing) => recordStep(writing, step), flavour.held),
    recordSession: (session) => inRun(session.runId, (writing) => recordSession(writing, session)),
    recordArtifact: (artifact) => inRun(artifact.runId, (writing) => recordArtifact(writing, artifact)),
    async listSteps(runId) {
      const rows = await db.selectFrom('steps').selectAll().where('run_id', '=', runId).orderBy('number').execute();
      return rows.map(stepOf);
    },
    async listSessions(runId) {
      const rows = await db.selectFrom('sessions').selectAll().where('run_id', '=', runId).orderBy('step').orderBy('session_id').execute();
      return rows.map(sessionOf);
    },
    async listArtifacts(runId) {
      const rows = await db.selectFrom('artifacts').selectAll().where('run_id', '=', runId).orderBy('created_at').orderBy('name').execute();
      return rows.map(artifactOf);
    },
    async getArtifact(id) {
      const row = await db.selectFrom('artifacts').selectAll().where('id', '=', id).executeTakeFirst();
      return row && artifactOf(row);
    },
  };
}

type Writing = Pick<Store, 'flavour'> & { transaction: Transaction<LedgerTables> };

async function recordStep({ transaction, flavour }: Writing, step: StepRecord): Promise<void> {
  const { runId, number, name, phase, status, attempt, durationMs, summary } = step;
  const row: StepsTable = {
    id: `${step.runId}/${step.number}`,
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
  const { id: _id, run_id: _run, number: _number, ...changed } = row;
  const newer = await transaction
    .insertInto('steps')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['run_id', 'number'])
        .doUpdateSet(changed)
        // An attempt that timed out may still be running and report late.
        .where(({ eb, or, and }) => {
          const isSame = eb('steps.attempt', '=', step.attempt);
          const again = row.completed_at === null ? and([isSame, eb('steps.completed_at', 'is', null)]) : isSame;
          return or([eb('steps.attempt', '<', step.attempt), again]);
        }),
    )
    .returning('id')
    .executeTakeFirst();
  if (!newer) return;
  await markCurrent(transaction, row);
  const data = withoutUndefined({ number, name, phase, status, attempt, durationMs, summary });
  await tell({ transaction, flavour }, { runId, type: 'step.updated', data });
}

/** A run's current step is the last that began and has not ended; a late word of an earlier one, or of a run that is over, changes nothing. */
async function markCurrent(transaction: Transaction<LedgerTables>, { id, run_id: runId, number, status }: StepsTable): Promise<void> {
  const run = transaction.updateTable('runs').where('id', '=', runId);
  if (status === 'running') {
    const later = transaction
      .selectFrom('steps')
      .select('steps.id')
      .where('steps.run_id', '=', runId)
      .where('steps.number', '>', number)
      .where('steps.status', '=', 'running');
    await run
      .set({ current_step: id })
      .where('status', 'not in', CLOSED_STATUSES)
      .where(({ not, exists }) => not(exists(later)))
      .execute();
  } else await run.set({ current_step: null }).where('current_step', '=', id).execute();
}

async function recordSession({ transaction, flavour }: Writing, session: SessionRecord): Promise<void> {
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
  const newer = await transaction
    .insertInto('sessions')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['run_id', 'step', 'session_id'])
        .doUpdateSet(row)
        // Totals only rise: lower ones were said before, and come late.
        .where('sessions.cost_usd', '<=', row.cost_usd)
        .where('sessions.output_tokens', '<=', row.output_tokens),
    )
    .returning('run_id')
    .executeTakeFirst();
  if (!newer) return;
  const { runId, step, sessionId, name, engine, costUsd } = session;
  const data = { step, sessionId, name, engine, costUsd, tokens: totalTokens(session) };
  await tell({ transaction, flavour }, { runId, type: 'agent.updated', data });
}

async function recordArtifact({ transaction, flavour }: Writing, artifact: ArtifactRecord): Promise<void> {
  const { id, runId, phase, step, sessionId, kind, name, mediaType, path, bytes, sha256, createdAt } = artifact;
  const row: ArtifactsTable = {
    id,
    run_id: runId,
    phase: phase ?? null,
    step: step ?? null,
    session_id: sessionId ?? null,
    kind,
    name,
    media_type: mediaType,
    path,
    bytes,
    sha256,
    created_at: createdAt,
  };
  const { created_at: _first, ...changed } = row;
  await transaction
    .insertInto('artifacts')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(changed))
    .execute();
  const data = withoutUndefined({ id, phase, step, kind, name, bytes });
  await tell({ transaction, flavour }, { runId, type: 'artifact.created', data });
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

function artifactOf(row: ArtifactsTable): ArtifactRecord {
  return {
    id: row.id,
    runId: row.run_id,
    ...(row.phase === null ? {} : { phase: row.phase }),
    ...(row.step === null ? {} : { step: row.step }),
    ...(row.session_id === null ? {} : { sessionId: row.session_id }),
    kind: row.kind,
    name: row.name,
    mediaType: row.media_type,
    path: row.path,
    bytes: row.bytes,
    sha256: row.sha256,
    createdAt: row.created_at,
  };
}
