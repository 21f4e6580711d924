import type { Store } from './flavour.ts';
import type { Ledger } from './ledger.ts';

/** The state of circuit breakers. One statement compares and sets: of two that build on the same version, one is told to look again. */
export function breakerQueries({ db }: Store): Pick<Ledger, 'readBreaker' | 'writeBreaker'> {
  return {
    readBreaker: (key) => db.selectFrom('breakers').select(['state', 'version']).where('key', '=', key).executeTakeFirst(),
    async writeBreaker({ key, state, version }) {
      const row = { state, version, updated_at: new Date().toISOString() };
      const written = await db
        .insertInto('breakers')
        .values({ key, ...row })
        .onConflict((conflict) =>
          conflict
            .column('key')
            .doUpdateSet(row)
            .where('breakers.version', '=', version - 1),
        )
        .returning('key')
        .executeTakeFirst();
      return written !== undefined;
    },
  };
}
