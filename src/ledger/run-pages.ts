import { sql } from 'kysely';
import type { Kysely, SelectQueryBuilder } from 'kysely';
import { COUNTED_RUNS } from '../contracts/service-records.ts';
import type { RunPageQuery, RunSort } from '../contracts/service-records.ts';
import type { Store } from './flavour.ts';
import { NONE, selectRuns, viewOf } from './run-rows.ts';
import type { RunRow } from './run-rows.ts';
import type { LedgerTables, RunsTable } from './schema.ts';
import type { ServiceLedger } from './service-ledger.ts';

const COLUMNS = { createdAt: 'created_at', updatedAt: 'updated_at', costUsd: 'cost_usd' } as const satisfies Record<
  RunSort,
  keyof RunsTable
>;
/** More lists than this are not put together of single ones: the index of the order is read, and what it does not want left out. */
const MAX_LISTS = 50;

/** That there are more than are counted is believed for so long: only who deletes thousands of runs could tell. */
const MORE_MS = 30_000;
const MAX_REMEMBERED = 1000;

/** Runs by pages that have numbers. */
export function pageQueries({ db }: Store): Pick<ServiceLedger, 'pageRuns'> {
  const count = createCount(db);
  return {
    async pageRuns(query) {
      const [rows, total] = [await pageOfRuns(db, query), await count(query)];
      return { items: rows.map(viewOf), total: Math.min(total, COUNTED_RUNS), isExact: total <= COUNTED_RUNS };
    },
  };
}

/** Counted in an index, and not for ever: as many as are counted take longer than the page. */
function createCount(db: Kysely<LedgerTables>): (query: RunPageQuery) => Promise<number> {
  const remembered = new Map<string, number>();
  return async ({ sort: _sort, descending: _descending, page: _page, limit: _limit, ...filter }) => {
    const [key, now] = [JSON.stringify(filter), performance.now()];
    if (now - (remembered.get(key) ?? Number.NEGATIVE_INFINITY) < MORE_MS) return COUNTED_RUNS + 1;
    const first = filtered(db, filter).select(sql.lit(1).as('one'));
    const { total } = await db
      .selectFrom(first.limit(COUNTED_RUNS + 1).as('found'))
      .select(({ fn }) => fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    if (total > COUNTED_RUNS) remembered.set(key, now);
    return total;
  };
}

export interface ListQuery extends RunPageQuery {
  /** Only runs that were created before this one. */
  before?: { createdAt: string; id: string } | undefined;
}

/** Only the rows of the page are read, and sorted once more. */
export function pageOfRuns(db: Kysely<LedgerTables>, query: ListQuery): Promise<RunRow[]> {
  const order = orderOf(query);
  return selectRuns(db)
    .innerJoin(pageOfIds(db, query).as('page'), 'page.id', 'runs.id')
    .orderBy('page.place', order)
    .orderBy('runs.id', order)
    .execute();
}

const orderOf = ({ descending = true }: ListQuery) => (descending ? 'desc' : 'asc');

/**
 * The ids of a page's runs. They are found in indexes, in order, before anything long is read: each index has one value of what is
 * filtered by, so that a list of several values is put together of as many lists.
 */
export function pageOfIds(db: Kysely<LedgerTables>, query: ListQuery) {
  const { sort = 'createdAt', page, limit } = query;
  const [column, order, end] = [COLUMNS[sort], orderOf(query), page * limit] as const;
  const lists = singles(query).map((each, index) => {
    const list = filtered(db, each)
      .select(['id', `${column} as place`])
      .orderBy(column, order)
      .orderBy('id', order)
      .limit(end);
    return db.selectFrom(list.as(`list_${index}`)).select(['id', 'place']);
  });
  const whole = lists.reduce((all, list) => all.unionAll(list));
  return db
    .selectFrom(whole.as('lists'))
    .select(['id', 'place'])
    .orderBy('place', order)
    .orderBy('id', order)
    .limit(limit)
    .offset(end - limit);
}

/** The same filter as several, of which each has one status, or one repository. */
function singles(query: ListQuery): ListQuery[] {
  const statuses = query.status === undefined ? undefined : [...new Set([query.status].flat())];
  if (statuses && statuses.length > 1) return statuses.map((status) => ({ ...query, status }));
  const { repository, repositories } = query;
  if (!repositories || repository !== undefined || statuses || repositories.length === 0 || repositories.length > MAX_LISTS) return [query];
  return [...new Set(repositories)].map((slug) => ({ ...query, repositories: [slug] }));
}

type Runs = SelectQueryBuilder<LedgerTables, 'runs', object>;

function filtered(db: Kysely<LedgerTables>, filter: Omit<ListQuery, 'page' | 'limit'>): Runs {
  const { status, pipeline, repository, issueKey, triggeredBy, from, to, repositories, before } = filter;
  let query: Runs = db.selectFrom('runs').where('is_stub', '=', sql.lit(0));
  const statuses = status === undefined ? undefined : [status].flat();
  if (statuses) query = statuses.length > 0 ? query.where('status', 'in', statuses) : query.where(NONE);
  if (pipeline !== undefined) query = query.where('pipeline', '=', pipeline as RunsTable['pipeline']);
  if (repository !== undefined) query = query.where('repository', '=', repository);
  if (issueKey !== undefined) query = query.where('issue_key', '=', issueKey);
  if (triggeredBy !== undefined) query = query.where('triggered_by', '=', triggeredBy);
  if (from !== undefined) query = query.where('created_at', '>=', from);
  if (to !== undefined) query = query.where('created_at', '<', to);
  if (before) query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('created_at', 'id'), '<', tuple(before.createdAt, before.id)));
  if (repositories) query = repositories.length > 0 ? query.where('repository', 'in', repositories) : query.where(NONE);
  return query;
}
