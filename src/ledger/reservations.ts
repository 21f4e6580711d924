import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import type { Store } from './flavour.ts';
import type { Ledger, Reservation } from './ledger.ts';
import { ensureOrigin, isDeleted } from './parents.ts';
import type { LedgerTables } from './schema.ts';

/** 40 random bits collide about once in a million among a million runs: several times in a row means that something else is wrong. */
const MAX_COLLISIONS = 10;

/** Run ids that are taken before the run is started. */
export function reservationQueries({ db }: Store, newRunId: () => string): Pick<Ledger, 'reserveRun' | 'discardReservation'> {
  return {
    reserveRun: (reservation) => reserveRun(db, reservation, newRunId),
    async discardReservation(runId) {
      await db.deleteFrom('runs').where('id', '=', runId).where('view', 'is', null).where('is_stub', '=', sql.lit(0)).execute();
    },
  };
}

async function reserveRun(db: Kysely<LedgerTables>, reservation: Reservation, newRunId: () => string): Promise<string> {
  for (let collisions = 0; collisions < MAX_COLLISIONS; collisions++) {
    const id = newRunId();
    if (await db.transaction().execute((transaction) => insertReservation(transaction, reservation, id))) return id;
  }
  throw new Error(`no free run id found in ${MAX_COLLISIONS} tries`);
}

async function insertReservation(db: Transaction<LedgerTables>, reservation: Reservation, id: string): Promise<boolean> {
  const { workflowId, pipeline, repository, issueKey, engine, triggeredBy, createdAt } = reservation;
  if (await isDeleted(db, id)) return false;
  await ensureOrigin(db, { repository, pipeline, at: createdAt });
  const inserted = await db
    .insertInto('runs')
    .values({
      id,
      is_stub: 0,
      workflow_id: typeof workflowId === 'string' ? workflowId : workflowId(id),
      pipeline,
      status: 'pending',
      repository,
      issue_key: issueKey ?? null,
      engine: engine ?? null,
      cost_usd: 0,
      triggered_by: triggeredBy,
      view_version: -1,
      created_at: createdAt,
      updated_at: createdAt,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}
