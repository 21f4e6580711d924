import { sql } from 'kysely';
import type { Store } from './flavour.ts';
import type { ServiceLedger } from './service-ledger.ts';

/** Tables that people ask for the size of. */
const COUNTED = [
  'repositories',
  'pipelines',
  'runs',
  'phases',
  'steps',
  'sessions',
  'artifacts',
  'logs',
  'comments',
  'events',
  'versions',
  'effects',
  'deliveries',
  'triggers',
  'audit',
] as const;

/** Numbers over all runs. */
export function statisticsQueries({ db }: Store): Pick<ServiceLedger, 'statistics' | 'countRows'> {
  return {
    async statistics({ from } = {}) {
      let query = db.selectFrom('runs').where('is_stub', '=', sql.lit(0));
      if (from !== undefined) query = query.where('created_at', '>=', from);
      const rows = await query
        .select(['pipeline', 'status', ({ fn }) => fn.countAll<number>().as('runs'), ({ fn }) => fn.sum<number>('cost_usd').as('cost')])
        .groupBy(['pipeline', 'status'])
        .execute();
      const byPipeline = [...Map.groupBy(rows, ({ pipeline }) => pipeline)].map(([pipeline, ofIt]) => {
        const count = (...statuses: string[]): number =>
          ofIt.filter(({ status }) => statuses.includes(status)).reduce((sum, { runs }) => sum + runs, 0);
        return {
          pipeline,
          runs: ofIt.reduce((sum, { runs }) => sum + runs, 0),
          completed: count('completed'),
          failed: count('failed', 'timed_out'),
          cancelled: count('cancelled'),
          open: count('pending', 'running', 'waiting', 'parked'),
          costUsd: ofIt.reduce((sum, { cost }) => sum + cost, 0),
        };
      });
      return byPipeline.toSorted((one, other) => other.runs - one.runs || (one.pipeline < other.pipeline ? -1 : 1));
    },
    async countRows() {
      const counts: [string, number][] = [];
      for (const table of COUNTED) {
        const { count } = await db
          .selectFrom(table)
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .executeTakeFirstOrThrow();
        counts.push([table, count]);
      }
      return Object.fromEntries(counts);
    },
  };
}
