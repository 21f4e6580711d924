import type { RunVersion } from '../contracts/run-state.ts';
import type { Store } from './flavour.ts';
import type { Ledger } from './ledger.ts';
import { ensureRun } from './parents.ts';
import type { VersionsTable } from './schema.ts';

/** How a run stood after each phase and each order. */
export function versionQueries({ db, flavour }: Store): Pick<Ledger, 'recordVersions' | 'listVersions'> {
  return {
    async recordVersions(runId, versions) {
      await db.transaction().execute(async (transaction) => {
        if (!(await ensureRun({ transaction, runId, lock: flavour.kept }))) return;
        for (const version of versions) {
          const row = rowOf(runId, version);
          await transaction
            .insertInto('versions')
            .values(row)
            .onConflict((conflict) => conflict.columns(['run_id', 'version']).doUpdateSet(row))
            .execute();
        }
      });
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
