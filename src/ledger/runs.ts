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
import type { LedgerTables } from './schema.ts';

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
  const before = await transaction
    .selectFrom('runs')
    .select(['status', 'waiting_for', 'view_version', 'repository', 'pipeline'])
    .where('id', '=', view.id)
    .modifyEnd(flavour.held)
    .executeTakeFirst();
  if (before && before.view_version >= view.version) return;
  if (!before && (await isDeleted(transaction, view.id))) return;
  const { repository, pipeline, createdAt: at } = view;
  // A run that is there keeps them there.
  if (before?.repository !== repository || before.pipeline !== pipeline) await ensureOrigin(transaction, { repository, pipeline, at });
  const row = runRow(view);
  // Setting a key, if to what it is, would lock out all who record details.
  const { id: _key, ...all } = row;
  const changed = before && before.view_version >= 0 ? mutable(all) : all;
  const newer = await transaction
    .insertInto('runs')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(changed).where('runs.view_version', '<', view.version))
    .returning('id')
    .executeTakeFirst();
  if (!newer) return;
  // A phase may have gone from the view: a retry from an earlier phase drops what came after it.
  await transaction.deleteFrom('phases').where('run_id', '=', view.id).execute();
  if (view.phases.length > 0) await transaction.insertInto('phases').values(phaseRows(view)).execute();
  const event = runEvent(before, view);
  if (event) await tell({ transaction, flavour }, event);
}

/** What no later view says otherwise: indexes of it are written once. */
const mutable = ({
  is_stub: _1,
  workflow_id: _2,
  pipeline: _3,
  repository: _4,
  issue_key: _5,
  triggered_by: _6,
  created_at: _7,
  ...changed
}: Omit<ReturnType<typeof runRow>, 'id'>) => changed;

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
