import { Kysely, PostgresDialect, sql } from 'kysely';
import type { PostgresPool, Transaction } from 'kysely';
import type { Flavour, Store } from './flavour.ts';
import { EVENTS_CHANNEL, listenForEvents } from './listen-events.ts';
import { isPassing } from './postgres-errors.ts';
import { ReadyPool, TranslatingPool } from './postgres-pool.ts';
import { preparePostgres } from './postgres-schema.ts';
import { ScopedPool } from './postgres-scope.ts';
import { EXPIRE_AUDIT, LOCKS, TURNS } from './row-security-migration.ts';
import type { PostgresPlace } from './open-ledger.ts';
import type { LedgerTables } from './schema.ts';

/** Connections of one process. A recording has one for milliseconds; Postgres has 100 for all unless told otherwise. */
const MAX_CONNECTIONS = 10;
/** Longer than any query of Belay takes: the database has gone without a word. */
const ANSWER_MS = 30_000;

export interface PostgresOptions extends PostgresPlace {
  /** Where it is given, a database that is away, or not ready yet, is no reason not to open: this is told why, and every question asks anew. */
  onAway?: (error: unknown) => void;
}

/** Everything that is Postgres's own is in this file and those that it imports. Version 15 or newer. */
export async function openPostgres({ url, urlNow = () => url, onAway }: PostgresOptions): Promise<Store & { close: () => Promise<void> }> {
  const isReady = readiness(urlNow);
  try {
    await isReady();
  } catch (error) {
    if (!onAway || !isPassing(error)) throw error;
    onAway(error);
  }
  const pool = new ReadyPool(new TranslatingPool(urlNow, { max: MAX_CONNECTIONS, query_timeout: ANSWER_MS }), isReady);
  const db = kyselyOf(pool);
  return {
    db,
    flavour: flavourOf(urlNow),
    scoped: (repositories) => kyselyOf(new ScopedPool(pool, repositories)),
    close: () => db.destroy(),
  };
}

const kyselyOf = (pool: PostgresPool): Kysely<LedgerTables> => new Kysely({ dialect: new PostgresDialect({ pool }) });

/** Whether the tables are those of this version: asked until they are, by one at a time. */
function readiness(url: () => string): () => Promise<void> {
  let ready: Promise<unknown> | undefined;
  return async () => {
    ready ??= preparePostgres(url()).catch((error: unknown) => {
      ready = undefined;
      throw error;
    });
    await ready;
  };
}

const flavourOf = (url: () => string): Flavour => ({
  kept: sql`for key share`,
  held: sql`for no key update`,
  alone: sql`for update`,
  free: sql`for update skip locked`,
  async takeTurn(transaction: Transaction<LedgerTables>, turn) {
    await sql`select pg_advisory_xact_lock(${sql.lit(LOCKS)}, ${sql.lit(TURNS[turn])})`.execute(transaction);
  },
  async announce(transaction: Transaction<LedgerTables>) {
    await sql`select pg_notify(${sql.lit(EVENTS_CHANNEL)}, '')`.execute(transaction);
  },
  async expireAudit(db: Kysely<LedgerTables>, before) {
    // Nobody but the owner of the tables deletes from the audit, and this function of theirs only its beginning.
    const { rows } = await sql<{ count: number }>`select ${sql.id(EXPIRE_AUDIT)}(${before}) as count`.execute(db);
    return rows[0]?.count ?? 0;
  },
  watchEvents: ({ onNews, onProblem }) => listenForEvents({ url, onNews, onProblem }),
});
