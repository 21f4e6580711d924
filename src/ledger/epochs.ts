import type { Kysely, Transaction } from 'kysely';
import type { Store } from './flavour.ts';
import type { Epoch, Ledger } from './ledger.ts';
import { ensureRun } from './parents.ts';
import type { LedgerTables } from './schema.ts';

/** Who may act for a run. One statement compares and sets, so that two leases cannot both be the newest. */
export function epochQueries({ db, flavour }: Store): Pick<Ledger, 'raiseEpoch' | 'currentEpoch'> {
  return {
    raiseEpoch: (input) =>
      db.transaction().execute(async (transaction) => {
        if (!(await ensureRun({ transaction, runId: input.runId, lock: flavour.kept }))) return false;
        return raiseEpoch(transaction, input);
      }),
    currentEpoch: (runId) => currentEpoch(db, runId),
  };
}

async function raiseEpoch(db: Transaction<LedgerTables>, { runId, epoch, executionId }: { runId: string } & Epoch): Promise<boolean> {
  const held = { epoch, execution_id: executionId, raised_at: new Date().toISOString() };
  const taken = await db
    .insertInto('epochs')
    .values({ run_id: runId, ...held })
    .onConflict((conflict) =>
      conflict
        .column('run_id')
        .doUpdateSet(held)
        .where(({ eb, or, and }) =>
          or([eb('epochs.epoch', '<', epoch), and([eb('epochs.epoch', '=', epoch), eb('epochs.execution_id', '=', executionId)])]),
        ),
    )
    .returning('run_id')
    .executeTakeFirst();
  return taken !== undefined;
}

async function currentEpoch(db: Kysely<LedgerTables>, runId: string): Promise<Epoch | undefined> {
  const row = await db.selectFrom('epochs').select(['epoch', 'execution_id']).where('run_id', '=', runId).executeTakeFirst();
  return row && { epoch: row.epoch, executionId: row.execution_id };
}
