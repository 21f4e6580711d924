import { setImmediate } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import type { Store } from './flavour.ts';
import type { LedgerTables } from './schema.ts';
import type { ServiceLedger } from './service-ledger.ts';

/** Others write in between: no statement has the database for long. */
const ROWS_A_STATEMENT = 5000;
const RUNS_A_LOOK = 100;
/** They may have megabytes each. */
const PAYLOADS_A_STATEMENT = 100;

type Database = Kysely<LedgerTables>;

/** What goes for its age. */
export function retentionQueries({ db, flavour }: Store): Pick<ServiceLedger, 'expire' | 'runsWithFiles' | 'forgetArtifacts'> {
  return {
    async expire({ logs, audit, events, payloads }) {
      return {
        logs: logs === undefined ? 0 : await expireLogs(db, logs),
        audit: audit === undefined ? 0 : await flavour.expireAudit(db, audit),
        events: events === undefined ? 0 : await expireEvents(db, events),
        payloads: payloads === undefined ? 0 : await expirePayloads(db, payloads),
      };
    },
    async runsWithFiles({ closedBefore, limit }) {
      const rows = await db
        .selectFrom('runs')
        .select('id')
        .where('status', 'in', CLOSED_STATUSES)
        .where('completed_at', '<', closedBefore)
        .where(({ exists, selectFrom }) =>
          exists(selectFrom('artifacts').select('artifacts.id').whereRef('artifacts.run_id', '=', 'runs.id')),
        )
        .limit(limit)
        .execute();
      return rows.map(({ id }) => id);
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
    for (const { id } of old) count += await expireLog(db, id);
  }
}

async function expireLog(db: Database, runId: string): Promise<number> {
  const first = db.selectFrom('logs').select('position').where('run_id', '=', runId).orderBy('position').limit(ROWS_A_STATEMENT);
  return piecemeal(async () => {
    const { numDeletedRows } = await db.deleteFrom('logs').where('run_id', '=', runId).where('position', 'in', first).executeTakeFirst();
    return Number(numDeletedRows);
  });
}

/** Statement by statement, until there is nothing left; this process works on in between as well. */
async function piecemeal(statement: () => Promise<number>): Promise<number> {
  for (let count = 0; ;) {
    const done = await statement();
    if (done === 0) return count;
    count += done;
    await setImmediate();
  }
}

async function expireEvents(db: Database, before: string): Promise<number> {
  const old = db.selectFrom('events').select('id').where('at', '<', before).orderBy('at').limit(ROWS_A_STATEMENT);
  return piecemeal(async () => Number((await db.deleteFrom('events').where('id', 'in', old).executeTakeFirst()).numDeletedRows));
}

async function expirePayloads(db: Database, before: string): Promise<number> {
  const old = db
    .selectFrom('deliveries')
    .select('id')
    .where('settled_at', '<', before)
    .where('payload', 'is not', null)
    .limit(PAYLOADS_A_STATEMENT);
  return piecemeal(async () =>
    Number((await db.updateTable('deliveries').set({ payload: null }).where('id', 'in', old).executeTakeFirst()).numUpdatedRows),
  );
}
