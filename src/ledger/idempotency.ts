import type { KeyClaim, KeyRecord } from '../contracts/service-records.ts';
import type { Store } from './flavour.ts';
import type { KeyHolder, ServiceLedger } from './service-ledger.ts';

/** Who died while answering is not waited for longer. */
const BEGUN_MS = 60_000;
/** Who sends a request again does so within minutes. */
const KEPT_MS = 24 * 3_600_000;

/** Which requests are being answered, or were, by the keys that their senders gave them. */
export function idempotencyQueries({ db }: Store): Pick<ServiceLedger, 'claimKey' | 'noteKeyRun' | 'settleKey' | 'releaseKey'> {
  return {
    claimKey: (claim) => claimKey({ db }, claim),
    async noteKeyRun(claim, runId) {
      const noted = await held(db, claim).set({ run_id: runId }).returning('key').executeTakeFirst();
      return noted !== undefined;
    },
    async settleKey(claim, { runId, status }) {
      await held(db, claim).set({ run_id: runId, status }).execute();
    },
    async releaseKey({ key, at }) {
      await db.deleteFrom('idempotency_keys').where('key', '=', key).where('begun_at', '=', at).where('status', 'is', null).execute();
    },
  };
}

/** The key, as long as it is this claim's. */
const held = (db: Store['db'], { key, at }: KeyHolder) =>
  db.updateTable('idempotency_keys').where('key', '=', key).where('begun_at', '=', at).where('status', 'is', null);

async function claimKey({ db }: Pick<Store, 'db'>, { key, request, at }: KeyClaim): Promise<KeyRecord> {
  const before = (ms: number): string => new Date(Date.parse(at) - ms).toISOString();
  await db.deleteFrom('idempotency_keys').where('begun_at', '<', before(KEPT_MS)).execute();
  const fresh = await db
    .insertInto('idempotency_keys')
    .values({ key, request, run_id: null, status: null, begun_at: at })
    .onConflict((conflict) => conflict.doNothing())
    .returning('key')
    .executeTakeFirst();
  if (fresh) return { state: 'claimed' };
  // Of several that see a dead one's claim, one takes it on.
  const left = await db
    .updateTable('idempotency_keys')
    .set({ begun_at: at })
    .where('key', '=', key)
    .where('request', '=', request)
    .where('status', 'is', null)
    .where('begun_at', '<', before(BEGUN_MS))
    .returning('run_id')
    .executeTakeFirst();
  if (left) return { state: 'claimed', ...(left.run_id === null ? {} : { runId: left.run_id }) };
  const known = await db.selectFrom('idempotency_keys').selectAll().where('key', '=', key).executeTakeFirst();
  if (!known) return { state: 'busy' };
  if (known.request !== request) return { state: 'other' };
  return known.status === null || known.run_id === null
    ? { state: 'busy' }
    : { state: 'answered', runId: known.run_id, status: known.status };
}
