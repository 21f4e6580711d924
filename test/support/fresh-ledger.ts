import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { LedgerPlace } from '../../src/ledger/open-ledger.ts';
import { startPostgres } from './postgres.ts';
import type { Postgres } from './postgres.ts';
import { temporaryDirectory } from './temporary-directory.ts';

type Row = Record<string, unknown>;

export interface FreshLedger extends AsyncDisposable {
  ledger: Ledger;
  place: LedgerPlace;
  /** What is in the database, past the ledger. */
  rows(sql: string): Promise<Row[]>;
}

interface Database extends AsyncDisposable {
  place: LedgerPlace;
  rows(sql: string): Promise<Row[]>;
}

let fresh: () => Promise<Database> = sqliteDatabase;

/** A ledger of its own, which ends with the test: a file, unless this file of tests is about Postgres. */
export async function freshLedger(options: { newRunId?: () => string } = {}): Promise<FreshLedger> {
  await using stack = new AsyncDisposableStack();
  const { place, rows } = stack.use(await fresh());
  const ledger = stack.use(await openLedger({ ...place, ...options }));
  const kept = stack.move();
  return { ledger, place, rows, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function sqliteDatabase(): Promise<Database> {
  const folder = await temporaryDirectory();
  const path = join(folder.path, 'ledger.db');
  return {
    place: { path },
    async rows(sql) {
      using database = new DatabaseSync(path);
      return database.prepare(sql).all();
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** From here on ledgers are in a Postgres, each in a database of its own, until it is disposed. */
export async function usePostgres(): Promise<Postgres> {
  const server = await startPostgres();
  const template = 'ledger_template';
  await (await openLedger({ url: await server.createDatabase(template) }))[Symbol.asyncDispose]();
  let count = 0;
  fresh = async () => {
    const url = await server.createDatabase(`ledger_${++count}`, { from: template });
    return {
      place: { url },
      async rows(sql) {
        const client = new Client({ connectionString: url });
        await client.connect();
        try {
          return (await client.query<Row>(sql)).rows;
        } finally {
          await client.end();
        }
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  };
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      fresh = sqliteDatabase;
      await server[Symbol.asyncDispose]();
    },
  };
}
