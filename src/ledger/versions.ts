import type { Kysely } from 'kysely';
import type { RunVersion } from '../contracts/run-state.ts';
import type { Ledger } from './ledger.ts';
import type { LedgerTables, VersionsTable } from './schema.ts';

/** How a run stood after each phase and each order. */
export function versionQueries(db: Kysely<LedgerTables>): Pick<Ledger, 'recordVersions' | 'listVersions'> {
  return {
    async recordVersions(runId, versions) {
      for (const version of versions) {
        const row = rowOf(runId, version);
        await db
          .insertInto('versions')
          .values(row)
          .onConflict((conflict) => conflict.columns(['run_id', 'version']).doUpdateSet(row))
          .execute();
      }
    },
    async listVersions(runId) {
      const rows = await db.selectFrom('versions').select('data').where('run_id', '=', runId).orderBy('version').execute();
      return rows.map(({ data }) => JSON.parse(data) as RunVersion);
    },
  };
}

function rowOf(runId: string, version: RunVersion): VersionsTable {
  const { version: number, at, what, phase } = version;
  return { run_id: runId, version: number, at, what, phase: phase ?? null, data: JSON.stringify(version) };
}
