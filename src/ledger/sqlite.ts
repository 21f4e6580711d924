import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { SqliteAdapter, SqliteDialect } from 'kysely';
import type { Dialect, DialectAdapter, SqliteDatabase, SqliteStatement } from 'kysely';
import { ledgerError } from './errors.ts';

/** How long a writer waits for another process. The wait blocks this process, so it stays well under a heartbeat's 30 s. */
const DEFAULT_BUSY_TIMEOUT_MS = 5_000;

/**
 * Statements are kept: preparing them took 14 ms of a run, and what one takes is outside of the heap, so that those of hundreds of runs
 * piled up until the garbage collector came by for other reasons. The same queries with more or fewer rows are different ones.
 */
const MAX_STATEMENTS = 200;

/** Everything that is SQLite's own is in this file. The database is created where it is missing. */
export function sqliteDialect({ path, busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS }: { path: string; busyTimeoutMs?: number }): Dialect {
  return new NodeSqliteDialect({ database: new NodeSqliteDatabase(path, busyTimeoutMs) });
}

class NodeSqliteDialect extends SqliteDialect {
  override createAdapter(): DialectAdapter {
    return new TransactionalDdlAdapter();
  }
}

/** SQLite can take back `create table`; kysely does not use it unless told. A migration that is killed half-way then leaves nothing. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** The part of better-sqlite3 that kysely wants, on Node's own SQLite. */
class NodeSqliteDatabase implements SqliteDatabase {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(path: string, timeout: number) {
    this.#path = path;
    this.#database = translating(path, () => openDatabase(path, timeout));
  }

  close(): void {
    this.#database.close();
  }

  prepare(sql: string): SqliteStatement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#prepareNew(sql);
    // Whichever are still in use are prepared again.
    if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
    this.#statements.set(sql, statement);
    return statement;
  }

  /** A full disk has SQLite take back the transaction by itself: a second time would be an error in the place of the one that tells why. */
  #isOver(sql: string): boolean {
    return sql === 'rollback' && !this.#database.isTransaction;
  }

  #prepareNew(sql: string): SqliteStatement {
    const path = this.#path;
    // A transaction that only later asks for the write lock fails at once when another has written in between.
    const statement = translating(path, () => this.#database.prepare(sql === 'begin' ? 'begin immediate' : sql));
    return {
      reader: statement.columns().length > 0,
      all: (parameters) => translating(path, () => statement.all(...values(parameters))),
      run: (parameters) => translating(path, () => (this.#isOver(sql) ? NOTHING_DONE : statement.run(...values(parameters)))),
      // One that is read row by row is in use for longer, and may be wanted again meanwhile.
      iterate: (parameters) => iterating(path, this.#database.prepare(sql), parameters),
    };
  }
}

const NOTHING_DONE = { changes: 0, lastInsertRowid: 0 };

function openDatabase(path: string, timeout: number): DatabaseSync {
  const database = new DatabaseSync(path, { timeout });
  try {
    // WAL: readers and the writer do not wait for each other. NORMAL: safe against a killed process; a power cut may lose the
    // last moments, which the next recordings heal.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function* iterating(path: string, statement: StatementSync, parameters: ReadonlyArray<unknown>): IterableIterator<unknown> {
  const rows = translating(path, () => statement.iterate(...values(parameters)));
  for (;;) {
    const row = translating(path, () => rows.next());
    if (row.done) return;
    yield row.value;
  }
}

const values = (parameters: ReadonlyArray<unknown>): SQLInputValue[] => parameters as SQLInputValue[];

function translating<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw ledgerError({ path, error });
  }
}
