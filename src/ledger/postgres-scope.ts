import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import { SCOPE } from './row-security-migration.ts';

/**
 * Connections on which the database shows nothing but what is of these repositories: whatever is asked is asked in a transaction that
 * says so. The policies of row-security-migration.ts read it, and with the transaction it is gone from the connection.
 */
export class ScopedPool implements PostgresPool {
  readonly options = {};
  readonly #pool: PostgresPool;
  readonly #begin: string;

  constructor(pool: PostgresPool, repositories: readonly string[]) {
    this.#pool = pool;
    // In one message, which takes no parameters.
    this.#begin = `begin; select set_config('${SCOPE}', ${literal(JSON.stringify(repositories))}, true)`;
  }

  async connect(): Promise<PostgresPoolClient> {
    return new ScopedClient(await this.#pool.connect(), this.#begin);
  }

  /** Whoever opened it closes it. */
  end(): Promise<void> {
    return Promise.resolve();
  }
}

class ScopedClient implements PostgresPoolClient {
  readonly #client: PostgresPoolClient;
  readonly #begin: string;
  #isWithin = false;

  constructor(client: PostgresPoolClient, begin: string) {
    this.#client = client;
    this.#begin = begin;
  }

  query<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query(): never;
  async query<R>(text = '', parameters: readonly unknown[] = []): Promise<PostgresQueryResult<R>> {
    if (text === 'begin') return await this.#enter();
    if (this.#isWithin) return await this.#ask(text, parameters);
    await this.#enter();
    try {
      const answer = await this.#ask<R>(text, parameters);
      await this.#ask('commit', []);
      return answer;
    } catch (error) {
      // The error of the question says more than that of its end.
      await this.#ask('rollback', []).catch(() => {});
      throw error;
    }
  }

  release(): void {
    this.#client.release();
  }

  async #enter<R>(): Promise<PostgresQueryResult<R>> {
    await this.#client.query<R>(this.#begin, []);
    this.#isWithin = true;
    return { command: 'SELECT', rowCount: 0, rows: [] };
  }

  #ask<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    if (text === 'commit' || text === 'rollback') this.#isWithin = false;
    return this.#client.query<R>(text, parameters);
  }
}

/** https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS-ESCAPE: whatever `standard_conforming_strings` says. */
const literal = (text: string): string => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
