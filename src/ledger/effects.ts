import type { Kysely } from 'kysely';
import type { EffectRecord } from '../contracts/records.ts';
import type { Ledger } from './ledger.ts';
import type { EffectsTable, LedgerTables } from './schema.ts';

/** What a run did outside of this host, or was about to do. */
export function effectQueries(db: Kysely<LedgerTables>): Pick<Ledger, 'recordIntent' | 'recordReceipt' | 'listEffects'> {
  return {
    async recordIntent({ runId, name, on, intent, at }) {
      const row = { intent, intended_at: at, receipt: null, received_at: null };
      await db
        .insertInto('effects')
        .values({ run_id: runId, name, target: on, attempts: 1, ...row })
        .onConflict((conflict) =>
          conflict.columns(['run_id', 'name', 'target']).doUpdateSet(({ eb }) => ({
            ...row,
            // An attempt that has no receipt may have come to its end all the same.
            attempts: eb
              .case()
              .when('effects.receipt', 'is', null)
              .then(eb('effects.attempts', '+', 1))
              .else(1)
              .end(),
          })),
        )
        .execute();
    },
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
