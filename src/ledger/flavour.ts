import { sql } from 'kysely';
import type { Kysely, RawBuilder, Transaction } from 'kysely';
import { expireAudit } from './expire-audit.ts';
import type { LedgerTables } from './schema.ts';
import type { EventWatch } from './service-ledger.ts';
import { pollEvents } from './poll-events.ts';

/** What a transaction may have to itself until it ends. */
export type Turn = 'events' | 'audit';

/** What watching works with. */
export interface EventSource extends EventWatch {
  latestEvent: () => Promise<number>;
}

/** Where the two databases differ beyond what Kysely evens out. */
export interface Flavour {
  /** Ends a select: the row cannot be deleted until the transaction ends. */
  readonly kept: RawBuilder<unknown>;
  /** Ends a select: others who would change the row wait. */
  readonly held: RawBuilder<unknown>;
  /** Ends a select: nobody can change the row, nor point to it. */
  readonly alone: RawBuilder<unknown>;
  /** Ends a select: rows that another transaction has are left out. */
  readonly free: RawBuilder<unknown>;
  /** Waits until no other transaction has this turn, and has it until the end. */
  takeTurn(transaction: Transaction<LedgerTables>, turn: Turn): Promise<void>;
  /** Wakes those who watch for events, in every process, once the transaction is through. */
  announce(transaction: Transaction<LedgerTables>): Promise<void>;
  watchEvents(source: EventSource): AsyncDisposable;
  /** Removes the beginning of the audit, and gives the number of entries. */
  expireAudit(db: Kysely<LedgerTables>, before: string): Promise<number>;
}

/** What all queries work on. */
export interface Store {
  db: Kysely<LedgerTables>;
  flavour: Flavour;
  /** The same database, with nothing in it but what is of these repositories; where the database cannot see to that, there is none. */
  scoped?: (repositories: readonly string[]) => Kysely<LedgerTables>;
}

const nothing = sql``;

/** One writer at a time, for a transaction takes the database: there is nothing to lock. */
export const SQLITE: Flavour = {
  kept: nothing,
  held: nothing,
  alone: nothing,
  free: nothing,
  takeTurn: () => Promise.resolve(),
  announce: () => Promise.resolve(),
  watchEvents: pollEvents,
  expireAudit,
};
