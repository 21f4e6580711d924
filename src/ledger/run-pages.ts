import { sql } from 'kysely';
import type { Kysely, SelectQueryBuilder } from 'kysely';
import { COUNTED_RUNS } from '../contracts/service-records.ts';
import type { RunPageQuery, RunSort } from '../contracts/service-records.ts';
import type { Store } from './flavour.ts';
import { NONE, selectRuns, viewOf } from './run-rows.ts';
import type { LedgerTables, RunsTable } from './schema.ts';
import type { ServiceLedger } from './service-ledger.ts';

const COLUMNS = { createdAt: 'created_at', updatedAt: 'updated_at', costUsd: 'cost_usd' } as const satisfies Record<
  RunSort,
  keyof RunsTable
>;
/** More lists than this are not put together of single ones: the index of the order is read, and what it does not want left out. */
const MAX_LISTS = 50;

/** Runs by pages that have numbers. */
export function pageQueries({ db }: Store): Pick<ServiceLedger, 'pageRuns'> {
  return {
    async pageRuns(query) {
      const ids = (await pageOfIds(db, query).execute()).map(({ id }) => id);
      // Counted in an index, and not for ever.
      const counted = await db
        .selectFrom(
          filtered(db, query)
            .select('id')
            .limit(COUNTED_RUNS + 1)
            .as('found'),
        )
        .select(({ fn }) => fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow();
      const rows = ids.length === 0 ? [] : await selectRuns(db).where('id', 'in', ids).execute();
      const byId = new Map(rows.map((row) => [row.id, row]));
      // One that was deleted meanwhile is not there.
      const items = ids.flatMap((id) => byId.get(id) ?? []).map(viewOf);
      return { items, total: Math.min(counted.total, COUNTED_RUNS), isExact: counted.total <= COUNTED_RUNS };
    },
  };
}

/**
 * The ids of a page's runs. They are found in indexes, in order, before anything long is read: each index has one value of what is
 * filtered by, so that a list of several values is put together of as many lists.
 */
export function pageOfIds(db: Kysely<LedgerTables>, query: RunPageQuery) {
  const { sort = 'createdAt', descending = true, page, limit } = query;
  const [column, order, end] = [COLUMNS[sort], descending ? 'desc' : 'asc', page * limit] as const;
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
    .select('id')
    .orderBy('place', order)
    .orderBy('id', order)
    .limit(limit)
    .offset(end - limit);
}

/** The same filter as several, of which each has one status, or one repository. */
function singles(query: RunPageQuery): RunPageQuery[] {
  const statuses = query.status === undefined ? undefined : [...new Set([query.status].flat())];
  if (statuses && statuses.length > 1) return statuses.map((status) => ({ ...query, status }));
  const { repository, repositories } = query;
  if (!repositories || repository !== undefined || statuses || repositories.length === 0 || repositories.length > MAX_LISTS) return [query];
  return [...new Set(repositories)].map((slug) => ({ ...query, repositories: [slug] }));
}

type Runs = SelectQueryBuilder<LedgerTables, 'runs', object>;

function filtered(db: Kysely<LedgerTables>, filter: RunPageQuery): Runs {
  const { status, pipeline, repository, issueKey, triggeredBy, from, to, repositories } = filter;
  let query: Runs = db.selectFrom('runs').where('is_stub', '=', sql.lit(0));
  const statuses = status === undefined ? undefined : [status].flat();
  if (statuses) query = statuses.length > 0 ? query.where('status', 'in', statuses) : query.where(NONE);
  if (pipeline !== undefined) query = query.where('pipeline', '=', pipeline as RunsTable['pipeline']);
  if (repository !== undefined) query = query.where('repository', '=', repository);
  if (issueKey !== undefined) query = query.where('issue_key', '=', issueKey);
  if (triggeredBy !== undefined) query = query.where('triggered_by', '=', triggeredBy);
  if (from !== undefined) query = query.where('created_at', '>=', from);
  if (to !== undefined) query = query.where('created_at', '<', to);
  if (repositories) query = repositories.length > 0 ? query.where('repository', 'in', repositories) : query.where(NONE);
  return query;
}
