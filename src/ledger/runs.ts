import type { Kysely, Transaction } from 'kysely';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RunView } from '../contracts/run-view.ts';
import { runEvent, tell } from './events.ts';
import type { Store } from './flavour.ts';
import type { Ledger, RunFilter } from './ledger.ts';
import { ensureOrigin, isDeleted } from './parents.ts';
import { readRunIdPrefix } from './run-ids.ts';
import { pageOfRuns } from './run-pages.ts';
import { phaseRows, runRow, selectRuns, viewOf } from './run-rows.ts';
import type { RunRow } from './run-rows.ts';
import type { LedgerTables, RunsTable } from './schema.ts';

type Database = Kysely<LedgerTables>;

const DEFAULT_LIMIT = 50;
const MAX_CANDIDATES = 8;
const MAX_ISSUE_RUNS = 100;
/** Sorts after every character that an id may have. */
const AFTER_ALL = '~';

/** The runs as people see them. */
export function runQueries(store: Store): Pick<Ledger, 'recordRun' | 'getRun' | 'listRuns' | 'issueRuns'> {
  const { db } = store;
  return {
    recordRun: (view) => db.transaction().execute((transaction) => recordRun({ ...store, transaction }, view)),
    getRun: (idOrPrefix) => getRun(db, idOrPrefix),
    listRuns: (filter = {}) => listRuns(db, filter),
    issueRuns: (issue) => issueRuns(db, issue),
  };
}

type Writing = Pick<Store, 'flavour'> & { transaction: Transaction<LedgerTables> };

async function recordRun({ transaction, flavour }: Writing, view: RunView): Promise<void> {
  const before = await transaction.selectFrom('runs').select(NARROW).where('id', '=', view.id).modifyEnd(flavour.held).executeTakeFirst();
  if (before && before.view_version >= view.version) return;
  if (!before && (await isDeleted(transaction, view.id))) return;
  const { repository, pipeline, createdAt: at } = view;
  // A run that is there keeps them there.
  if (before?.repository !== repository || before.pipeline !== pipeline) await ensureOrigin(transaction, { repository, pipeline, at });
  const { id, ...row } = runRow(view);
  if (before) await transaction.updateTable('runs').set(changesOf(row, before)).where('id', '=', id).execute();
  else if (!(await insertRun(transaction, { id, ...row }))) return;
  await recordPhases(transaction, view);
  const event = runEvent(before, view);
  if (event) await tell({ transaction, flavour }, event);
}

/** Everything but what is long. */
const NARROW = [
  'is_stub',
  'workflow_id',
  'pipeline',
  'status',
  'waiting_for',
  'outcome',
  'repository',
  'issue_key',
  'issue_title',
  'branch',
  'engine',
  'cost_usd',
  'triggered_by',
  'view_version',
  'created_at',
  'updated_at',
  'completed_at',
  'current_step',
] as const satisfies (keyof RunsTable)[];

/** What is set is written in every index that it is in, if it is what it was; and a key that is set would lock out all who record details. */
function changesOf<Row extends object>(row: Row, before: Partial<Record<string, unknown>>): Partial<Row> {
  return Object.fromEntries(Object.entries(row).filter(([column, value]) => before[column] !== value)) as Partial<Row>;
}

/** False where somebody else has recorded a later version at the same moment. */
async function insertRun(transaction: Transaction<LedgerTables>, row: ReturnType<typeof runRow>): Promise<boolean> {
  const { id: _key, ...changed } = row;
  const newer = await transaction
    .insertInto('runs')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(changed).where('runs.view_version', '<', row.view_version))
    .returning('id')
    .executeTakeFirst();
  return newer !== undefined;
}

/** Most are as they were. One may have gone: a retry from an earlier phase drops what came after it. */
async function recordPhases(transaction: Transaction<LedgerTables>, view: RunView): Promise<void> {
  const known = await transaction.selectFrom('phases').selectAll().where('run_id', '=', view.id).execute();
  const [rows, byPosition] = [phaseRows(view), new Map(known.map((row) => [row.position, row]))];
  const changed = rows.filter((row) => Object.keys(changesOf(row, { ...byPosition.get(row.position) })).length > 0);
  const kept = new Set(rows.filter((row) => !changed.includes(row)).map(({ position }) => position));
  const gone = known.map(({ position }) => position).filter((position) => !kept.has(position));
  if (gone.length > 0) await transaction.deleteFrom('phases').where('run_id', '=', view.id).where('position', 'in', gone).execute();
  if (changed.length > 0) await transaction.insertInto('phases').values(changed).execute();
}

async function getRun(db: Database, text: string): Promise<RunView> {
  const exact = await selectRuns(db).where('id', '=', text).executeTakeFirst();
  if (exact) return viewOf(exact);
  const prefix = readRunIdPrefix(text);
  if (prefix === undefined) throw unknownRun(text);
  const found = await selectRuns(db)
    .where('id', '>=', prefix)
    .where('id', '<', `${prefix}${AFTER_ALL}`)
    .orderBy('created_at', 'desc')
    .limit(MAX_CANDIDATES + 1)
    .execute();
  const [only, ...others] = found;
  if (!only) throw unknownRun(text);
  if (others.length > 0) throw ambiguousRun(text, found);
  return viewOf(only);
}

async function listRuns(db: Database, { limit = DEFAULT_LIMIT, ...filter }: RunFilter): Promise<RunView[]> {
  return (await pageOfRuns(db, { ...filter, page: 1, limit })).map(viewOf);
}

async function issueRuns(db: Database, { workflowId }: { workflowId: string }): Promise<RunView[]> {
  const rows = await selectRuns(db)
    .where('workflow_id', '=', workflowId)
    .where('view', 'is not', null)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(MAX_ISSUE_RUNS)
    .execute();
  return rows.map(viewOf);
}

export function unknownRun(text: string): BelayError {
  return new BelayError({
    code: 'invalid_input',
    message: `No run has an id that begins with '${text}'.`,
    hint: '`belay list` shows the runs.',
  });
}

function ambiguousRun(text: string, found: readonly RunRow[]): BelayError {
  const named = found.slice(0, MAX_CANDIDATES).map(candidate);
  if (found.length > MAX_CANDIDATES) named.push('and more');
  return new BelayError({
    code: 'invalid_input',
    message: `'${text}' could be several runs: ${named.join(', ')}.`,
    hint: 'Type more of the id.',
  });
}

function candidate({ id, status, repository, issue_key: key }: RunRow): string {
  const what = key === null ? repository : `${repository}#${key}`;
  return `${id} (${what}, ${CLOSED_STATUSES.includes(status) ? status : `open: ${status}`})`;
}
