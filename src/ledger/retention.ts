import type { Kysely } from 'kysely';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import type { Store } from './flavour.ts';
import type { LedgerTables } from './schema.ts';
import type { ServiceLedger } from './service-ledger.ts';

/** Others write in between: no statement has the database for long. */
const ROWS_A_STATEMENT = 5000;
const RUNS_A_LOOK = 100;

type Database = Kysely<LedgerTables>;

/** What goes for its age. */
export function retentionQueries({ db, flavour }: Store): Pick<ServiceLedger, 'expire' | 'forgetArtifacts'> {
  return {
    async expire({ logs, audit, events, payloads }) {
      return {
        logs: logs === undefined ? 0 : await expireLogs(db, logs),
        audit: audit === undefined ? 0 : await flavour.expireAudit(db, audit),
        events: events === undefined ? 0 : await expireEvents(db, events),
        payloads: payloads === undefined ? 0 : await expirePayloads(db, payloads),
      };
    },
    async forgetArtifacts(runId) {
      await db.deleteFrom('artifacts').where('run_id', '=', runId).execute();
    },
  };
}

async function expireLogs(db: Database, before: string): Promise<number> {
  let count = 0;
  for (;;) {
    const old = await db
      .selectFrom('runs')
      .select('id')
      .where('status', 'in', CLOSED_STATUSES)
      .where('completed_at', '<', before)
      .where(({ exists, selectFrom }) => exists(selectFrom('logs').select('logs.position').whereRef('logs.run_id', '=', 'runs.id')))
      .limit(RUNS_A_LOOK)
      .execute();
    if (old.length === 0) return count;
    for (const { id } of old) count += Number((await db.deleteFrom('logs').where('run_id', '=', id).executeTakeFirst()).numDeletedRows);
  }
}

async function expireEvents(db: Database, before: string): Promise<number> {
  let count = 0;
  for (;;) {
    const old = db.selectFrom('events').select('id').where('at', '<', before).orderBy('at').limit(ROWS_A_STATEMENT);
    const { numDeletedRows } = await db.deleteFrom('events').where('id', 'in', old).executeTakeFirst();
    if (numDeletedRows === 0n) return count;
    count += Number(numDeletedRows);
  }
}

async function expirePayloads(db: Database, before: string): Promise<number> {
  const { numUpdatedRows } = await db
    .updateTable('deliveries')
    .set({ payload: null })
    .where('settled_at', '<', before)
    .where('payload', 'is not', null)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}
