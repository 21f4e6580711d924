import { BelayError } from '../contracts/errors.ts';
import type { LedgerPlace } from './open-ledger.ts';

/**
 * Brings the tables to this version's, and gives the names of the migrations that took. Roles of Postgres that had been granted the tables
 * are granted them all; `onRefused` is told of those that cannot be.
 */
export async function migrateLedger(place: LedgerPlace, onRefused?: (refusal: string) => void): Promise<string[]> {
  if ('url' in place)
    return (await import('./postgres-schema.ts')).preparePostgres(place.url, { grant: true, ...(onRefused ? { onRefused } : {}) });
  const { migrationsOf } = await import('./open-sqlite.ts');
  return migrationsOf(place);
}

/** Lets a role of Postgres do what Belay's processes do, and nothing else. Gives what may still be too much. */
export async function grantLedger(place: LedgerPlace, role: string): Promise<string[]> {
  if (!('url' in place))
    throw new BelayError({
      code: 'invalid_input',
      message: 'The ledger is an SQLite file, which has no roles.',
      hint: 'It belongs to whoever may read and write the file.',
    });
  await migrateLedger(place);
  const [{ onOneConnection }, { grantTo }] = [await import('./postgres-schema.ts'), await import('./grants.ts')];
  return onOneConnection(place.url, (db) => db.transaction().execute((transaction) => grantTo(transaction, role)));
}
