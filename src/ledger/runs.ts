import type { Insertable, Kysely, Transaction } from 'kysely';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { Ledger, RunFilter } from './ledger.ts';
import { readRunIdPrefix } from './run-ids.ts';
import type { LedgerTables, PhasesTable, RunsTable } from './schema.ts';

type Database = Kysely<LedgerTables>;

const DEFAULT_LIMIT = 50;
const MAX_CANDIDATES = 8;
const MAX_ISSUE_RUNS = 100;

/** The runs as people see them. */
export function runQueries(db: Database): Pick<Ledger, 'recordRun' | 'getRun' | 'listRuns' | 'issueRuns'> {
  return {
    recordRun: (view) => db.transaction().execute((transaction) => recordRun(transaction, view)),
    getRun: (idOrPrefix) => getRun(db, idOrPrefix),
    listRuns: (filter = {}) => listRuns(db, filter),
    issueRuns: (issue) => issueRuns(db, issue),
  };
}

async function recordRun(db: Transaction<LedgerTables>, view: RunView): Promise<void> {
  const row = runRow(view);
  const newer = await db
    .insertInto('runs')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row).where('runs.view_version', '<', view.version))
    .returning('id')
    .executeTakeFirst();
  if (!newer) return;
  // A phase may have gone from the view: a retry from an earlier phase drops what came after it.
  await db.deleteFrom('phases').where('run_id', '=', view.id).execute();
  if (view.phases.length > 0) await db.insertInto('phases').values(phaseRows(view)).execute();
}

async function getRun(db: Database, text: string): Promise<RunView> {
  const exact = await db.selectFrom('runs').selectAll().where('id', '=', text).executeTakeFirst();
  if (exact) return viewOf(exact);
  const prefix = readRunIdPrefix(text);
  if (prefix === undefined) throw unknownRun(text);
  const found = await db
    .selectFrom('runs')
    .selectAll()
    .where('id', 'like', `${prefix}%`)
    .orderBy('created_at', 'desc')
    .limit(MAX_CANDIDATES + 1)
    .execute();
  const [only, ...others] = found;
  if (!only) throw unknownRun(text);
  if (others.length > 0) throw ambiguousRun(text, found);
  return viewOf(only);
}

async function listRuns(db: Database, { status, repository, limit = DEFAULT_LIMIT, before }: RunFilter): Promise<RunView[]> {
  let query = db.selectFrom('runs').selectAll();
  if (status !== undefined) query = query.where('status', 'in', [status].flat());
  if (repository !== undefined) query = query.where('repository', '=', repository);
  if (before) query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('created_at', 'id'), '<', tuple(before.createdAt, before.id)));
  const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
  return rows.map(viewOf);
}

async function issueRuns(db: Database, { workflowId }: { workflowId: string }): Promise<RunView[]> {
  const rows = await db
    .selectFrom('runs')
    .selectAll()
    .where('workflow_id', '=', workflowId)
    .where('view', 'is not', null)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(MAX_ISSUE_RUNS)
    .execute();
  return rows.map(viewOf);
}

function runRow(view: RunView): Insertable<RunsTable> {
  return {
    id: view.id,
    workflow_id: view.workflowId,
    pipeline: view.pipeline,
    status: view.status,
    outcome: view.outcome ?? null,
    repository: view.repository,
    issue_key: view.issue?.key ?? null,
    issue_title: view.issue?.title ?? null,
    branch: view.branch ?? null,
    engine: view.engine,
    cost_usd: view.costUsd,
    triggered_by: view.triggeredBy,
    view: JSON.stringify(view),
    view_version: view.version,
    created_at: view.createdAt,
    updated_at: new Date().toISOString(),
    completed_at: view.completedAt ?? null,
  };
}

function phaseRows(view: RunView): PhasesTable[] {
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
function viewOf(row: RunsTable): RunView {
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

function unknownRun(text: string): BelayError {
  return new BelayError({
    code: 'invalid_input',
    message: `No run has an id that begins with '${text}'.`,
    hint: '`belay list` shows the runs.',
  });
}

function ambiguousRun(text: string, found: readonly RunsTable[]): BelayError {
  const named = found.slice(0, MAX_CANDIDATES).map(candidate);
  if (found.length > MAX_CANDIDATES) named.push('and more');
  return new BelayError({
    code: 'invalid_input',
    message: `'${text}' could be several runs: ${named.join(', ')}.`,
    hint: 'Type more of the id.',
  });
}

function candidate({ id, status, repository, issue_key: key }: RunsTable): string {
  const what = key === null ? repository : `${repository}#${key}`;
  return `${id} (${what}, ${CLOSED_STATUSES.includes(status) ? status : `open: ${status}`})`;
}
