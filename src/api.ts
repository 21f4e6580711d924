#!/usr/bin/env node
import { describeError, exitCodeOf } from './cli/terminal.ts';
import { composeFiles } from './compose-artifacts.ts';
import { composeForges } from './compose-forges.ts';
import { intakeOf } from './compose-intake.ts';
import { composeLog } from './compose-log.ts';
import { openWebhooks } from './compose-triggers.ts';
import { loadConfig } from './config.ts';
import type { Config } from './config.ts';
import { createMirrors } from './git/mirror.ts';
import { createApp } from './http/app.ts';
import { createEventFeed } from './http/events/event-feed.ts';
import { PATIENCE } from './http/events/patience.ts';
import type { Patience } from './http/events/patience.ts';
import { createSeats } from './http/events/seats.ts';
import { createAuthenticate } from './http/authenticate.ts';
import { createJwtVerifier } from './http/jwt.ts';
import { createApiMetrics } from './http/metrics.ts';
import { serveApi } from './http/serve-api.ts';
import type { ServedApi, ServingTimes } from './http/serve-api.ts';
import { openLedger } from './ledger/open-ledger.ts';
import { ownFolder } from './process/own-folder.ts';
import { onStopSignals } from './process/stop-signals.ts';
import type { Log } from './telemetry/log.ts';
import { localTarget, namedTarget } from './temporal/connection.ts';
import type { TemporalTarget } from './temporal/connection.ts';
import { readDevState } from './temporal/state-file.ts';
import { createTemporalAccess } from './temporal/temporal-access.ts';

export interface ApiRequest {
  config: Config;
  env: NodeJS.ProcessEnv;
  log: Log;
  /** Where Temporal is by now; unless told, where the settings say, else where a `belay dev` of this home has it. */
  target?: () => Promise<TemporalTarget | undefined>;
  /** A token of this process alone, by its hash. */
  ownToken?: { hash: string; name: string };
  /** With who follows events; `PATIENCE` unless told. */
  patience?: Patience;
  /** With who asks; `SERVING_TIMES` unless told. */
  times?: ServingTimes;
}

/** Starts the API. Disposing answers what has been asked, and takes nothing new. */
export async function startApi({ config, env, log, ownToken, patience = PATIENCE, times, ...request }: ApiRequest): Promise<ServedApi> {
  await using stack = new AsyncDisposableStack();
  const { home, api } = config;
  const stopping = new AbortController();
  const target = request.target ?? (() => findTarget(config, env));
  const temporal = stack.use(createTemporalAccess({ target }));
  const onProblem = (error: unknown, message: string): void => log.warn(error, message);
  const onAway = (error: unknown): void => onProblem(error, 'The database is not there yet; what needs it is refused until it is');
  const own = stack.use(await openLedger({ ...config.database, onAway }));
  const { ledger, files } = stack.use(composeFiles({ config, ledger: own, onProblem }));
  const places = composeForges(config, env);
  // The first delivery would hold up all others while it is loaded.
  if (config.triggers.secrets.length > 0) await import('./github/octokit.ts');
  // Ends last but for what it works with: a delivery that is being processed is brought to its end.
  const webhooks =
    config.triggers.secrets.length > 0
      ? stack.use(openWebhooks({ config, ledger, files, ...places, useClient: (work) => temporal.use(work), onProblem }))
      : undefined;
  const events = stack.use(createEventFeed({ ledger, onProblem }));
  const app = createApp({
    webhooks: webhooks?.router,
    deps: {
      config,
      ledger,
      files,
      temporal,
      log,
      intake: intakeOf({ config, ledger, files, ...places }),
      mirrors: createMirrors({ home, env }),
      authenticate: createAuthenticate({ ledger, own: ownToken, verifyJwt: api.jwt && createJwtVerifier(api.jwt), onProblem }),
      metrics: createApiMetrics({ ledger }),
      events,
      patience,
      seats: createSeats(api.followers),
      stopping: stopping.signal,
    },
  });
  const { host, port } = api;
  const served = stack.use(await serveApi({ app, host, port, times, stop: () => stopping.abort() }));
  log.info({ url: served.url }, 'API started');
  const kept = stack.move();
  return { url: served.url, port: served.port, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function findTarget(config: Config, env: NodeJS.ProcessEnv): Promise<TemporalTarget | undefined> {
  const named = namedTarget(config, env);
  if (named) return named;
  const running = await readDevState(config.home);
  return running && localTarget(running.address, running.namespace);
}

/** The API of this installation, until a signal stops it. */
export async function runApi(env: NodeJS.ProcessEnv): Promise<void> {
  const config = loadConfig(env);
  const log = composeLog(config);
  for (const warning of config.warnings) log.warn(warning);
  await ownFolder(config.home);
  const stopped = Promise.withResolvers<void>();
  using _ = onStopSignals((signal) => {
    log.info({ signal }, 'Stopping: what has been asked is answered');
    stopped.resolve();
  });
  await using _api = await startApi({ config, env, log });
  await stopped.promise;
}

if (import.meta.main) {
  runApi(process.env).catch((error: unknown) => {
    process.stderr.write(`${describeError(error)}\n`);
    process.exitCode = exitCodeOf(error);
  });
}
