import { sql } from 'kysely';
import type { PipelineName } from '../contracts/constants.ts';
import type { Store } from './flavour.ts';
import type { ServiceLedger } from './service-ledger.ts';

/** Sums over all runs, for whoever draws curves of them. */
export function runStatisticsQueries({ db }: Store): Pick<ServiceLedger, 'runStatistics'> {
  return {
    async runStatistics() {
      const runs = await db
        .selectFrom('runs')
        .select(({ fn }) => ['pipeline', 'status', fn.countAll().as('count'), fn.sum('cost_usd').as('cost')])
        .where('is_stub', '=', sql.lit(0))
        .groupBy(['pipeline', 'status'])
        .orderBy('pipeline')
        .orderBy('status')
        .execute();
      const phases = await db
        .selectFrom('phases')
        .select(({ fn }) => ['name', 'status', fn.countAll().as('count'), fn.sum('duration_ms').as('duration')])
        .where('duration_ms', 'is not', null)
        .groupBy(['name', 'status'])
        .orderBy('name')
        .orderBy('status')
        .execute();
      return {
        runs: runs.map(({ pipeline, status, count, cost }) => ({
          // Only stubs have none.
          pipeline: pipeline as PipelineName,
          status,
          count: Number(count),
          costUsd: Number(cost),
        })),
        phases: phases.map(({ name, status, count, duration }) => ({ name, status, count: Number(count), durationMs: Number(duration) })),
      };
    },
  };
}
