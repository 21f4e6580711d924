import { Kysely, PostgresDialect, sql } from 'kysely';
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult, Transaction } from 'kysely';
import { Pool } from 'pg';
import type { PoolClient, PoolConfig } from 'pg';
import type { Flavour, Store, Turn } from './flavour.ts';
import { EVENTS_CHANNEL, listenForEvents } from './listen-events.ts';
import { migrate } from './migrate.ts';
import type { PostgresPlace } from './open-ledger.ts';
import { clientOf, nameOf } from './postgres-connection.ts';
import { postgresError } from './postgres-errors.ts';
import type { LedgerTables } from './schema.ts';

/** Connections of one process. A recording has one for milliseconds; Postgres has 100 for all unless told otherwise. */
const MAX_CONNECTIONS = 10;
/** Longer than any query of Belay takes: the database has gone without a word. */
const ANSWER_MS = 30_000;
/** Names of advisory locks: any number that is ours. */
const LOCKS = 0x62_65_6c_61;
const MIGRATION_LOCK = 1;
const TURNS: Record<Turn, number> = { events: 2, audit: 3 };

/** Everything that is Postgres's own is in this file and those that it imports. Version 15 or newer. */
export async function openPostgres({ url, urlNow = () => url }: PostgresPlace): Promise<Store & { close: () => Promise<void> }> {
  await migratePostgres(urlNow());
  const db = new Kysely<LedgerTables>({ dialect: dialectOf(urlNow, { max: MAX_CONNECTIONS, query_timeout: ANSWER_MS }) });
  return { db, flavour: flavourOf(urlNow), close: () => db.destroy() };
}

/** On a connection of its own, which has all the time that it needs: processes that start together wait for the first of them. */
async function migratePostgres(url: string): Promise<void> {
  const db = new Kysely<LedgerTables>({ dialect: dialectOf(() => url, { max: 1 }) });
  try {
    await db.connection().execute(async (connection) => {
      await sql`select pg_advisory_lock(${sql.lit(LOCKS)}, ${sql.lit(MIGRATION_LOCK)})`.execute(connection);
      // The lock ends with the connection.
      await migrate({ db: connection, place: nameOf(url) });
    });
  } finally {
    await db.destroy();
  }
}

function dialectOf(url: () => string, options: PoolConfig): PostgresDialect {
  return new PostgresDialect({ pool: new TranslatingPool(url, options) });
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
  watchEvents: ({ onNews, onProblem }) => listenForEvents({ url, onNews, onProblem }),
});

/** A pool whose errors are Belay's. */
class TranslatingPool implements PostgresPool {
  readonly options = {};
  readonly #url: () => string;
  readonly #pool: Pool;

  constructor(url: () => string, options: PoolConfig) {
    this.#url = url;
    this.#pool = new Pool({ ...options, Client: clientOf(url) });
    // A connection that breaks while nobody uses it leaves the pool, and the next query gets another.
    this.#pool.on('error', () => {});
  }

  async connect(): Promise<PostgresPoolClient> {
    const client = await this.#translating(() => this.#pool.connect());
    return new TranslatingClient(client, (act) => this.#translating(act));
  }

  end(): Promise<void> {
    return this.#pool.end();
  }

  async #translating<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw postgresError({ place: nameOf(this.#url()), error });
    }
  }
}

type Translate = <T>(act: () => Promise<T>) => Promise<T>;

class TranslatingClient implements PostgresPoolClient {
  readonly #client: PoolClient;
  readonly #translating: Translate;
  #broken: Error | undefined;
  readonly #onError = (error: Error): void => {
    this.#broken = error;
  };

  constructor(client: PoolClient, translating: Translate) {
    this.#client = client;
    this.#translating = translating;
    // Without a listener a connection that breaks between two queries would end the process.
    client.on('error', this.#onError);
  }

  query<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query(): never;
  query<R>(text?: string, parameters: readonly unknown[] = []): Promise<PostgresQueryResult<R>> {
    return this.#translating(async () => {
      if (this.#broken) throw this.#broken;
      const asked = this.#client.query({ text: text ?? '', values: parameters.map(storable) });
      const { command, rowCount, rows } = await asked.catch((error: unknown) => {
        // It is still busy with what was given up: nobody else is to wait behind that.
        if (error instanceof Error && error.message === 'Query read timeout') this.#broken = error;
        throw error;
      });
      return { command: command as 'SELECT', rowCount: rowCount ?? 0, rows: rows as R[] };
    });
  }

  release(): void {
    this.#client.removeListener('error', this.#onError);
    this.#client.release(this.#broken);
  }
}

/** Texts of Postgres hold every character but one. */
const storable = (value: unknown): unknown => (typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '�') : value);
