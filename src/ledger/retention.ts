import type { Kysely, Transaction } from 'kysely';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import type { Flavour, Store } from './flavour.ts';
import type { LedgerTables } from './schema.ts';
import type { ServiceLedger } from './service-ledger.ts';

/** Others write in between: no statement has the database for long. */
const ROWS_A_STATEMENT = 5000;
const RUNS_A_LOOK = 100;

type Database = Kysely<LedgerTables>;

/** What goes for its age. */
export function retentionQueries({ db, flavour }: Store): Pick<ServiceLedger, 'expire' | 'runsWithFiles' | 'forgetArtifacts'> {
  return {
    async expire({ logs, audit, events, payloads }) {
      return {
        logs: logs === undefined ? 0 : await expireLogs(db, logs),
        audit: audit === undefined ? 0 : await db.transaction().execute((transaction) => expireAudit(transaction, flavour, audit)),
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
    for (const { id } of old) count += Number((await db.deleteFrom('logs').where('run_id', '=', id).executeTakeFirst()).numDeletedRows);
  }
}

/** Only from the beginning on: the chain has no gaps. */
async function expireAudit(transaction: Transaction<LedgerTables>, flavour: Flavour, before: string): Promise<number> {
  await flavour.takeTurn(transaction, 'audit');
  const kept = await transaction.selectFrom('audit').select('id').where('at', '>=', before).orderBy('id').limit(1).executeTakeFirst();
  let query = transaction.selectFrom('audit').select(['id', 'hash']).orderBy('id', 'desc').limit(1);
  if (kept) query = query.where('id', '<', kept.id);
  const last = await query.executeTakeFirst();
  if (!last) return 0;
  const { numDeletedRows } = await transaction.deleteFrom('audit').where('id', '<=', last.id).executeTakeFirst();
  await transaction.deleteFrom('audit_start').execute();
  await transaction.insertInto('audit_start').values(last).execute();
  return Number(numDeletedRows);
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
