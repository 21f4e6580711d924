import type { Selectable } from 'kysely';
import type { ClaimedDelivery } from '../contracts/service-records.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import type { Store } from './flavour.ts';
import type { ServiceLedger } from './service-ledger.ts';
import type { DeliveriesTable } from './service-schema.ts';

/** Webhook calls: kept when they come, processed after, by whoever has claimed them. */
export function deliveryQueries({
  db,
  flavour,
}: Store): Pick<ServiceLedger, 'storeDelivery' | 'claimDeliveries' | 'settleDelivery' | 'failDelivery'> {
  return {
    async storeDelivery({ id, source, event, action, repository, receivedAt, payload }) {
      const stored = await db
        .insertInto('deliveries')
        .values({
          id,
          source,
          event,
          action: action ?? null,
          repository: repository ?? null,
          received_at: receivedAt,
          due_at: receivedAt,
          attempts: 0,
          payload,
        })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .returning('id')
        .executeTakeFirst();
      return stored !== undefined;
    },
    async claimDeliveries({ now, leaseMs, limit }) {
      const waiting = db
        .selectFrom('deliveries')
        .select('id')
        .where('settled_at', 'is', null)
        .where('due_at', '<=', now)
        .orderBy('received_at')
        .orderBy('id')
        .limit(limit)
        .modifyEnd(flavour.free);
      const rows = await db
        .updateTable('deliveries')
        .set(({ eb }) => ({ due_at: new Date(Date.parse(now) + leaseMs).toISOString(), attempts: eb('attempts', '+', 1) }))
        .where('id', 'in', waiting)
        .returningAll()
        .execute();
      return rows.toSorted((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1)).map(claimedOf);
    },
    async settleDelivery({ id, outcome, detail, at }) {
      const settled = { outcome, detail: detail ?? null, settled_at: at, due_at: null, error: null };
      await db.updateTable('deliveries').set(settled).where('id', '=', id).execute();
    },
    async failDelivery({ id, attempts, error, retryAt }) {
      await db
        .updateTable('deliveries')
        .set({ error, due_at: retryAt })
        .where('id', '=', id)
        .where('attempts', '=', attempts)
        .where('settled_at', 'is', null)
        .execute();
    },
  };
}

const placeOf = ({ received_at: at, id }: Selectable<DeliveriesTable>): string => `${at} ${id}`;

function claimedOf(row: Selectable<DeliveriesTable>): ClaimedDelivery {
  const { id, source, event, action, repository, received_at: receivedAt, payload, attempts } = row;
  const about = withoutUndefined({ action: action ?? undefined, repository: repository ?? undefined });
  return { id, source, event, ...about, receivedAt, payload: payload ?? '', attempts };
}
