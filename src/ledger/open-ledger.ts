import { breakerQueries } from './breakers.ts';
import { detailQueries } from './details.ts';
import { effectQueries } from './effects.ts';
import { epochQueries } from './epochs.ts';
import { hostQueries } from './hosts.ts';
import type { Store } from './flavour.ts';
import type { Ledger } from './ledger.ts';
import { openSqlite } from './open-sqlite.ts';
import { logQueries } from './logs.ts';
import { reservationQueries } from './reservations.ts';
import { randomRunId } from './run-ids.ts';
import { runQueries } from './runs.ts';
import { auditQueries } from './audit.ts';
import { commentQueries } from './comments.ts';
import { deletionQueries } from './deletions.ts';
import { deliveryQueries } from './deliveries.ts';
import { eventQueries } from './events.ts';
import { idempotencyQueries } from './idempotency.ts';
import { retentionQueries } from './retention.ts';
import { pageQueries } from './run-pages.ts';
import { runStatisticsQueries } from './run-statistics.ts';
import { statisticsQueries } from './statistics.ts';
import { tokenQueries } from './tokens.ts';
import { triggerQueries } from './triggers.ts';
import { versionQueries } from './versions.ts';

/** Where a ledger is: a database file, whose folder must exist, or a Postgres by its address. */
export type LedgerPlace = { path: string } | PostgresPlace;

export interface PostgresPlace {
  url: string;
  /** As it is now, where it may change: new connections are made with it. */
  urlNow?: () => string;
}

export type LedgerOptions = LedgerPlace & {
  /** Where run ids come from: random unless told. */
  newRunId?: () => string;
  /** How long a writer of a file waits for another process; 5 s unless told. The wait blocks this process. */
  busyTimeoutMs?: number;
  /** Where it is given, a Postgres that is away for now, or not migrated yet, is opened all the same: this is told why, and each question asks anew. */
  onAway?: (error: unknown) => void;
};

/** Opens the ledger, created and migrated where needed. All that a process opens of one file share a connection. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { newRunId = randomRunId } = options;
  const { close, ...store } = await openStore(options);
  return ledgerOf({ store, newRunId, close });
}

interface Parts {
  store: Store;
  newRunId: () => string;
  close: () => Promise<void>;
  /** What all of it is for, if not for everything. */
  repositories?: readonly string[];
}

function ledgerOf({ store, newRunId, close, repositories: own }: Parts): Ledger {
  const whose = (repositories: readonly string[]) => (own ? repositories.filter((slug) => own.includes(slug)) : repositories);
  const scopeOf = (repositories: readonly string[]): Store => (store.scoped ? { ...store, db: store.scoped(repositories) } : store);
  return {
    ...recordQueries(own ? scopeOf(own) : store, newRunId),
    ...serviceQueries(store),
    forRepositories: (repositories) => ledgerOf({ store, newRunId, close: () => Promise.resolve(), repositories: whose(repositories) }),
    [Symbol.asyncDispose]: close,
  };
}

/** What is of runs, and of repositories. */
const recordQueries = (store: Store, newRunId: () => string) => ({
  ...reservationQueries(store, newRunId),
  ...runQueries(store),
  ...detailQueries(store),
  ...logQueries(store),
  ...epochQueries(store),
  ...versionQueries(store),
  ...effectQueries(store),
  ...pageQueries(store),
  ...deletionQueries(store),
  ...commentQueries(store),
  ...statisticsQueries(store),
  ...runStatisticsQueries(store),
  ...deliveryQueries(store),
  ...triggerQueries(store),
  ...eventQueries(store),
});

/** What Belay itself keeps, whoever it works for. */
const serviceQueries = (store: Store) => ({
  ...breakerQueries(store),
  ...hostQueries(store),
  ...tokenQueries(store),
  ...idempotencyQueries(store),
  ...auditQueries(store),
  ...retentionQueries(store),
});

type OpenStore = Store & { close: () => Promise<void> };

async function openStore(place: LedgerOptions): Promise<OpenStore> {
  if (!('url' in place)) return openSqlite(place);
  // Loaded for those who use it.
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres(place);
}
