import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import { Pool } from 'pg';
import type { PoolClient, PoolConfig } from 'pg';
import { clientOf, nameOf } from './postgres-connection.ts';
import { postgresError } from './postgres-errors.ts';

/** A pool that gives nobody a connection before the tables are there. */
export class ReadyPool implements PostgresPool {
  readonly options = {};
  readonly #pool: PostgresPool;
  readonly #isReady: () => Promise<void>;

  constructor(pool: PostgresPool, isReady: () => Promise<void>) {
    this.#pool = pool;
    this.#isReady = isReady;
  }

  async connect(): Promise<PostgresPoolClient> {
    await this.#isReady();
    return this.#pool.connect();
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

/** A pool whose errors are Belay's. */
export class TranslatingPool implements PostgresPool {
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
