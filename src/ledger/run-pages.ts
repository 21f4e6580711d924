import { COUNTED_RUNS } from '../contracts/service-records.ts';
import type { RunPageQuery, RunSort } from '../contracts/service-records.ts';
import type { Store } from './flavour.ts';
import { NONE, selectRuns, viewOf } from './run-rows.ts';
import type { RunsTable } from './schema.ts';
import type { ServiceLedger } from './service-ledger.ts';

const COLUMNS = { createdAt: 'created_at', updatedAt: 'updated_at', costUsd: 'cost_usd' } as const satisfies Record<
  RunSort,
  keyof RunsTable
>;

/** Runs by pages that have numbers. */
export function pageQueries({ db }: Store): Pick<ServiceLedger, 'pageRuns'> {
  return {
    async pageRuns({ sort = 'createdAt', descending = true, page, limit, ...filter }) {
      const found = filtered(selectRuns(db), filter);
      const order = descending ? 'desc' : 'asc';
      const rows = await found
        .orderBy(COLUMNS[sort], order)
        .orderBy('id', order)
        .limit(limit)
        .offset((page - 1) * limit)
        .execute();
      // Counted in an index, and not for ever.
      const counted = await db
        .selectFrom(
          found
            .clearSelect()
            .select('runs.id')
            .limit(COUNTED_RUNS + 1)
            .as('found'),
        )
        .select(({ fn }) => fn.countAll<number>().as('total'))
        .executeTakeFirstOrThrow();
      return { items: rows.map(viewOf), total: Math.min(counted.total, COUNTED_RUNS), isExact: counted.total <= COUNTED_RUNS };
    },
  };
}

type Query = ReturnType<typeof selectRuns>;

function filtered(
  all: Query,
  filter: Pick<RunPageQuery, 'status' | 'pipeline' | 'repository' | 'issueKey' | 'triggeredBy' | 'from' | 'to' | 'repositories'>,
) {
  const { status, pipeline, repository, issueKey, triggeredBy, from, to, repositories } = filter;
  let query = all;
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
