import type { HostRecord } from '../contracts/records.ts';
import type { Store } from './flavour.ts';
import type { Ledger } from './ledger.ts';
import type { HostsTable } from './schema.ts';

/** What the workers say of their machines. */
export function hostQueries({ db }: Store): Pick<Ledger, 'recordHost' | 'forgetHost' | 'listHosts'> {
  return {
    async recordHost({ id, ...record }) {
      const row = rowOf(record);
      await db
        .insertInto('hosts')
        .values({ id, ...row })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    },
    async forgetHost(id) {
      await db.deleteFrom('hosts').where('id', '=', id).execute();
    },
    async listHosts() {
      const rows = await db.selectFrom('hosts').selectAll().orderBy('name').orderBy('id').execute();
      return rows.map(recordOf);
    },
  };
}

const rowOf = ({ name, at, slots, held, runs, obstacle, memory }: Omit<HostRecord, 'id'>): Omit<HostsTable, 'id'> => ({
  name,
  slots,
  held,
  runs: JSON.stringify(runs),
  obstacle: obstacle ?? null,
  memory_used: memory.usedBytes,
  memory_total: memory.totalBytes,
  updated_at: at,
});

function recordOf({ id, name, slots, held, runs, obstacle, memory_used, memory_total, updated_at }: HostsTable): HostRecord {
  return {
    id,
    name,
    at: updated_at,
    slots,
    held,
    runs: JSON.parse(runs) as string[],
    ...(obstacle === null ? {} : { obstacle }),
    memory: { usedBytes: memory_used, totalBytes: memory_total },
  };
}
