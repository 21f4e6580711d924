import { setTimeout as sleep } from 'node:timers/promises';
import type { PhaseName } from '../contracts/constants.ts';
import type { LogLevel } from '../contracts/records.ts';
import { isClosed } from '../orders/open-run.ts';
import type { Ledger, StoredLogEntry } from '../ledger/ledger.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

export interface LogFilter {
  phase?: PhaseName | undefined;
  step?: number | undefined;
  /** The least important level that counts. */
  level?: LogLevel | undefined;
}

export interface LogSource {
  ledger: Pick<Ledger, 'readLogs' | 'getRun'>;
  runId: string;
  /** The position of the last entry that is known already. */
  after: number;
  filter: LogFilter;
}

const POLL_MS = 300;
/** So many entries are looked through for one page; who wants more reads on. */
const MAX_LOOKED = 10_000;

/** Entries that the filter lets through, at most so many, and where to read on. */
export async function readLogPage({ ledger, runId, after, filter, limit }: LogSource & { limit: number }): Promise<{
  items: StoredLogEntry[];
  next: number;
}> {
  const items: StoredLogEntry[] = [];
  let next = after;
  for (let looked = 0; ;) {
    const entries = await ledger.readLogs({ runId, after: next });
    for (const entry of entries) {
      if (items.length === limit) return { items, next };
      if (isWanted(entry, filter)) items.push(entry);
      next = entry.position;
    }
    looked += entries.length;
    if (entries.length === 0 || looked >= MAX_LOOKED) return { items, next };
  }
}

export interface Following {
  follow: boolean;
  signal: AbortSignal;
  /** So often, where nothing has come, an empty chunk is; and it is asked whether there is still somebody to follow. */
  silenceMs: number;
  /** Throws where there is nobody any more. */
  check: () => Promise<unknown>;
}

/** All entries up to now, in chunks; while `follow`, those that come until the run rests or the signal ends it. */
export async function* followLog(source: LogSource & Following): AsyncGenerator<StoredLogEntry[]> {
  const { ledger, runId, filter, follow, signal, silenceMs, check } = source;
  let { after } = source;
  let spoken = performance.now();
  let checked = spoken;
  while (!signal.aborted) {
    if (performance.now() - checked > silenceMs) {
      await check();
      checked = performance.now();
    }
    // Asked before reading, so that nothing said before the end is missed.
    const run = follow ? await ledger.getRun(runId) : undefined;
    const entries = await ledger.readLogs({ runId, after });
    after = entries.at(-1)?.position ?? after;
    const wanted = entries.filter((entry) => isWanted(entry, filter));
    const isSilent = performance.now() - spoken > silenceMs;
    if (wanted.length > 0 || isSilent) {
      yield wanted;
      spoken = performance.now();
    }
    if (entries.length > 0) continue;
    if (!run || isClosed(run) || run.status === 'parked') return;
    await sleep(POLL_MS, undefined, { signal }).catch(() => {});
  }
}

function isWanted(entry: StoredLogEntry, { phase, step, level = 'debug' }: LogFilter): boolean {
  const isPlace = (phase === undefined || entry.phase === phase) && (step === undefined || entry.step === step);
  return isPlace && LOG_LEVELS.indexOf(entry.level) >= LOG_LEVELS.indexOf(level);
}
