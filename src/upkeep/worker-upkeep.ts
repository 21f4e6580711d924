import { setTimeout as sleep } from 'node:timers/promises';
import type { Dependencies } from '../activities/dependencies.ts';
import type { Config } from '../config.ts';
import type { Log } from '../telemetry/log.ts';
import { cleanUp } from './clean-up.ts';
import { failLostCalls } from './lost-calls.ts';
import { settleOpenRuns, settleTerminated } from './closed-outside.ts';
import { expireRecords } from './records.ts';

/** What the worker before this one has noted is reported first. */
const LOST_MS = 2000;
/** A worker that starts has runs to bring back first. */
const FIRST_MS = 10_000;
/** How late a run that was terminated while it held nothing shows as ended. */
const LOOK_MS = 10_000;
/** What the server's list may be late by. */
const LATE_MS = 60_000;
const CLEAN_MS = 60 * 60_000;
const FIRST_CLEAN_MS = 60_000;
/** Cleaning waits until no run works here; a host that is never free is cleaned nevertheless. */
const PATIENCE_MS = 12 * 60 * 60_000;

export interface UpkeepOptions {
  deps: Dependencies;
  config: Pick<Config, 'upkeep'>;
  log: Log;
}

/** What a worker does in the background while it serves runs: settles those that were ended from outside, and cleans up once an hour. */
export function startUpkeep(options: UpkeepOptions): AsyncDisposable {
  const over = new AbortController();
  const ended = keepUp(options, over.signal);
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await ended;
    },
  };
}

async function keepUp({ deps, config, log }: UpkeepOptions, signal: AbortSignal): Promise<void> {
  const unless = (what: string) => (error: unknown) => {
    if (!signal.aborted) log.warn(error, what);
  };
  const failed = unless('Runs that were ended from outside could not be looked for; it is tried again');
  if (!(await pause(LOST_MS, signal))) return;
  await failLostCalls(deps, signal).catch(unless('Calls that an earlier worker lost could not be looked for; their time limits will tell'));
  if (!(await pause(FIRST_MS, signal))) return;
  const done = new Set<string>();
  let looked = new Date();
  let cleaned = performance.now() - CLEAN_MS + FIRST_CLEAN_MS;
  await settleOpenRuns(deps, signal).catch(failed);
  while (await pause(LOOK_MS, signal)) {
    const since = new Date(looked.getTime() - LATE_MS);
    looked = new Date();
    await settleTerminated(deps, { since, done }).catch(failed);
    const waited = performance.now() - cleaned;
    if (waited < CLEAN_MS || (deps.admission.held > 0 && waited < PATIENCE_MS)) continue;
    cleaned = performance.now();
    await settleOpenRuns(deps, signal).catch(failed);
    await cleanUp({ ...deps, ...config.upkeep, log, signal }).catch(unless('Leftovers could not be looked for; `belay clean` does so too'));
    await expireRecords({ ...deps, ...config.upkeep, log }).catch(unless('Old records could not be removed; it is tried again'));
  }
}

/** False: it is over. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return sleep(ms, true, { signal, ref: false }).catch(() => false);
}
