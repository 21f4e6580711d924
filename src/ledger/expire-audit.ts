import type { Kysely } from 'kysely';
import type { LedgerTables } from './schema.ts';

/** Only from the beginning on: the chain has no gaps, and begins after what went. Postgres has a function that does the same. */
export function expireAudit(db: Kysely<LedgerTables>, before: string): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    const kept = await transaction.selectFrom('audit').select('id').where('at', '>=', before).orderBy('id').limit(1).executeTakeFirst();
    let query = transaction.selectFrom('audit').select(['id', 'hash']).orderBy('id', 'desc').limit(1);
    if (kept) query = query.where('id', '<', kept.id);
    const last = await query.executeTakeFirst();
    if (!last) return 0;
    const { numDeletedRows } = await transaction.deleteFrom('audit').where('id', '<=', last.id).executeTakeFirst();
    await transaction.deleteFrom('audit_start').execute();
    await transaction.insertInto('audit_start').values(last).execute();
    return Number(numDeletedRows);
  });
}
