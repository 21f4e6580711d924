import type { Transaction } from 'kysely';
import type { EffectRecord } from '../contracts/records.ts';
import type { Store } from './flavour.ts';
import type { Ledger } from './ledger.ts';
import { ensureRun } from './parents.ts';
import type { EffectsTable, LedgerTables } from './schema.ts';

/** What a run did outside of this host, or was about to do. */
export function effectQueries({ db, flavour }: Store): Pick<Ledger, 'recordIntent' | 'recordReceipt' | 'listEffects'> {
  return {
    recordIntent: (intended) =>
      db.transaction().execute(async (transaction) => {
        const { runId } = intended;
        if (await ensureRun({ transaction, runId, lock: flavour.kept })) await recordIntent(transaction, intended);
      }),
    async recordReceipt({ runId, name, on, receipt, at }) {
      await db
        .updateTable('effects')
        .set({ receipt, received_at: at })
        .where('run_id', '=', runId)
        .where('name', '=', name)
        .where('target', '=', on)
        .execute();
    },
    async listEffects(runId) {
      const rows = await db.selectFrom('effects').selectAll().where('run_id', '=', runId).orderBy('intended_at').orderBy('name').execute();
      return rows.map(effectOf);
    },
  };
}

async function recordIntent(
  db: Transaction<LedgerTables>,
  { runId, name, on, intent, at }: Parameters<Ledger['recordIntent']>[0],
): Promise<void> {
  const row = { intent, intended_at: at, receipt: null, received_at: null };
  await db
    .insertInto('effects')
    .values({ run_id: runId, name, target: on, attempts: 1, ...row })
    .onConflict((conflict) =>
      conflict
        .columns(['run_id', 'name', 'target'])
        .doUpdateSet(({ eb }) => ({
          ...row,
          // An attempt that has no receipt may have come to its end all the same.
          attempts: eb
            .case()
            .when('effects.receipt', 'is', null)
            .then(eb('effects.attempts', '+', 1))
            .else(1)
            .end(),
        }))
        // One that was given up may come late, or again: what has become of it since stays.
        .where('effects.intended_at', '<', at),
    )
    .execute();
}

function effectOf({ run_id: runId, name, target: on, intent, attempts, intended_at, receipt, received_at }: EffectsTable): EffectRecord {
  return {
    runId,
    name,
    on,
    intent,
    attempts,
    intendedAt: intended_at,
    ...(receipt === null ? {} : { receipt }),
    ...(received_at === null ? {} : { receivedAt: received_at }),
  };
}
