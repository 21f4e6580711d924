import type { Config } from '../config.ts';
import type { Mirrors } from '../git/mirror.ts';
import type { IntakeDependencies } from '../intake/order.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RunFiles } from '../run-files/run-files.ts';
import type { Log } from '../telemetry/log.ts';
import type { TemporalAccess } from '../temporal/temporal-access.ts';
import type { Authenticate } from './authenticate.ts';
import type { EventFeed } from './events/event-feed.ts';
import type { Patience } from './events/patience.ts';
import type { Caller } from './caller.ts';
import type { Seats } from './events/seats.ts';
import type { ApiMetrics } from './metrics.ts';

/** What the API works with. */
export interface ApiDependencies {
  config: Config;
  ledger: Ledger;
  files: RunFiles;
  intake: IntakeDependencies;
  temporal: TemporalAccess;
  mirrors: Mirrors;
  authenticate: Authenticate;
  metrics: ApiMetrics;
  events: EventFeed;
  patience: Patience;
  /** For those who follow something. */
  seats: Seats;
  log: Log;
  /** Ends when the server stops: whoever follows something is told goodbye. */
  stopping: AbortSignal;
}

/** The same for a caller who may see some repositories only: the ledger shows it nothing else. */
export function scopedTo(deps: ApiDependencies, { repositories }: Pick<Caller, 'repositories'>): ApiDependencies {
  if (repositories === null) return deps;
  const ledger = deps.ledger.forRepositories(repositories);
  return { ...deps, ledger, intake: { ...deps.intake, ledger } };
}
