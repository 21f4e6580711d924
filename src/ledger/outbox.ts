import { DatabaseSync } from 'node:sqlite';

/** A recording that waits to be delivered. */
export interface Waiting {
  seq: number;
  method: string;
  /** JSON. */
  parameters: string;
}

/** Recordings that the database has not taken yet, in their order; on disk, so that a killed worker loses none. */
export interface Outbox extends Disposable {
  add(method: string, parameters: readonly unknown[]): void;
  isEmpty(): boolean;
  /** The oldest. */
  first(limit: number): Waiting[];
  remove(seq: number): void;
  /** Sets one apart that the database will never take, with the reason: people may look at it. */
  refuse(waiting: Waiting, reason: string): void;
}

export function openOutbox(path: string): Outbox {
  const database = new DatabaseSync(path, { timeout: 5000 });
  // A power cut may lose the last moments, as with the ledger itself.
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = normal;
    create table if not exists waiting (seq integer primary key autoincrement, method text not null, parameters text not null);
    create table if not exists refused (seq integer primary key, method text not null, parameters text not null, reason text not null);
  `);
  const insert = database.prepare('insert into waiting (method, parameters) values (?, ?)');
  const select = database.prepare('select seq, method, parameters from waiting order by seq limit ?');
  const remove = database.prepare('delete from waiting where seq = ?');
  const refuse = database.prepare('insert or replace into refused (seq, method, parameters, reason) values (?, ?, ?, ?)');
  const first = (limit: number): Waiting[] =>
    select.all(limit).map(({ seq, method, parameters }) => ({ seq: Number(seq), method: String(method), parameters: String(parameters) }));
  return {
    first,
    add: (method, parameters) => void insert.run(method, JSON.stringify(parameters)),
    isEmpty: () => first(1).length === 0,
    remove: (seq) => void remove.run(seq),
    refuse({ seq, method, parameters }, reason) {
      refuse.run(seq, method, parameters, reason);
      remove.run(seq);
    },
    [Symbol.dispose]: () => database.close(),
  };
}
