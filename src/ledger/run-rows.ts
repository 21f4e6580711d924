import { sql } from 'kysely';
import type { Insertable, Kysely, Selectable } from 'kysely';
import type { PipelineName } from '../contracts/constants.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { LedgerTables, PhasesTable, RunsTable } from './schema.ts';

/** What a stub does not have. */
interface Known {
  pipeline: PipelineName;
  repository: string;
}
export type RunRow = Selectable<RunsTable> & Known;

/** Runs as people see them: without stubs. */
export const selectRuns = (db: Kysely<LedgerTables>) =>
  db.selectFrom('runs').selectAll('runs').$narrowType<Known>().where('runs.is_stub', '=', sql.lit(0));

/** Postgres knows no empty list. */
export const NONE = sql<boolean>`1 = 0`;

export function runRow(view: RunView): Insertable<RunsTable> {
  return {
    id: view.id,
    is_stub: 0,
    workflow_id: view.workflowId,
    pipeline: view.pipeline,
    status: view.status,
    waiting_for: view.waitingFor ?? null,
    outcome: view.outcome ?? null,
    repository: view.repository,
    issue_key: view.issue?.key ?? null,
    issue_title: view.issue?.title ?? null,
    branch: view.branch ?? null,
    engine: view.engine,
    cost_usd: view.costUsd,
    triggered_by: view.triggeredBy,
    view_version: view.version,
    created_at: view.createdAt,
    updated_at: new Date().toISOString(),
    completed_at: view.completedAt ?? null,
    view: JSON.stringify(view),
    // Which of the rows it is, the step says itself.
    ...(view.currentStep === undefined ? { current_step: null } : {}),
  };
}

export function phaseRows(view: RunView): PhasesTable[] {
  return view.phases.map((phase, index) => ({
    run_id: view.id,
    position: index + 1,
    name: phase.name,
    occurrence: view.phases.slice(0, index + 1).filter(({ name }) => name === phase.name).length,
    status: phase.status,
    attempts: phase.attempts,
    started_at: phase.startedAt ?? null,
    completed_at: phase.completedAt ?? null,
    duration_ms: phase.durationMs ?? null,
    cost_usd: phase.sessions.reduce((sum, { costUsd }) => sum + costUsd, 0),
    tokens: phase.sessions.reduce((sum, { tokens }) => sum + tokens, 0),
    summary: phase.summary ?? null,
    error_code: phase.error?.code ?? null,
  }));
}

/** The recorded view; for a run that is only reserved, what the reservation says. */
export function viewOf(row: RunRow): RunView {
  if (row.view !== null) return JSON.parse(row.view) as RunView;
  return {
    id: row.id,
    workflowId: row.workflow_id,
    version: row.view_version,
    pipeline: row.pipeline,
    status: row.status,
    repository: row.repository,
    engine: row.engine ?? 'unknown',
    phases: [],
    costUsd: row.cost_usd,
    errors: [],
    triggeredBy: row.triggered_by,
    createdAt: row.created_at,
  };
}
