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
};

/** Opens the ledger, created and migrated where needed. All that a process opens of one file share a connection. */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { newRunId = randomRunId } = options;
  const { close, ...store } = await openStore(options);
  return {
    ...reservationQueries(store, newRunId),
    ...runQueries(store),
    ...detailQueries(store),
    ...logQueries(store),
    ...epochQueries(store),
    ...breakerQueries(store),
    ...versionQueries(store),
    ...effectQueries(store),
    ...hostQueries(store),
    ...pageQueries(store),
    ...deletionQueries(store),
    ...commentQueries(store),
    ...tokenQueries(store),
    ...statisticsQueries(store),
    ...runStatisticsQueries(store),
    ...idempotencyQueries(store),
    ...deliveryQueries(store),
    ...triggerQueries(store),
    ...auditQueries(store),
    ...eventQueries(store),
    ...retentionQueries(store),
    [Symbol.asyncDispose]: close,
  };
}

type OpenStore = Store & { close: () => Promise<void> };

async function openStore(place: LedgerOptions): Promise<OpenStore> {
  if (!('url' in place)) return openSqlite(place);
  // Loaded for those who use it.
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres(place);
}
