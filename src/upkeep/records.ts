import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ledger } from '../ledger/ledger.ts';
import type { ArtifactStore } from '../run-files/store/artifact-store.ts';
import type { RunFiles } from '../run-files/run-files.ts';
import type { Log } from '../telemetry/log.ts';
import { isRunId } from '../workspace/run-folders.ts';
import { overBefore } from './old-runs.ts';

/** Who follows a run reads on within moments; a webhook that went wrong is looked into within days. */
const SHORT_MS = 7 * 24 * 3_600_000;
const RUNS_A_LOOK = 100;

export interface RecordsOptions {
  home: string;
  ledger: Ledger;
  files: Pick<RunFiles, 'remove'>;
  /** Where hosts have files in common, if anywhere. */
  store?: ArtifactStore;
  /** How long each is kept after its run has closed, or it has happened; unset: for ever. */
  records: { logsMs?: number; artifactsMs?: number; auditMs?: number };
  log: Log;
}

/** Removes what has been recorded too long ago: in the ledger, and of the files that this host has. */
export async function expireRecords(options: RecordsOptions): Promise<void> {
  const { ledger, records, log } = options;
  const { logsMs, auditMs } = records;
  const short = ago(SHORT_MS);
  const before = {
    events: short,
    payloads: short,
    ...(logsMs === undefined ? {} : { logs: ago(logsMs) }),
    ...(auditMs === undefined ? {} : { audit: ago(auditMs) }),
  };
  const expired = await ledger.expire(before);
  if (expired.audit > 0) {
    const detail = { entries: expired.audit, before: before.audit };
    await ledger.appendAudit({ at: ago(0), actor: 'belay', role: 'none', source: 'worker', action: 'audit.expire', detail });
  }
  const removed = { ...expired, ...(await expireFiles(options)) };
  if (Object.values(removed).some((count) => count > 0)) log.info(removed, 'Old records removed');
}

const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

async function expireFiles(options: RecordsOptions): Promise<{ files: number; runs: number }> {
  const { home, ledger, files, records } = options;
  const { logsMs, artifactsMs } = records;
  const isOver = (keepMs: number | undefined) => (keepMs === undefined ? async () => false : overBefore({ ledger, keepMs }));
  const [hasOldLog, hasOldArtifacts] = [isOver(logsMs), isOver(artifactsMs)];
  const old: string[] = [];
  for (const runId of (await readdir(join(home, 'runs')).catch(() => [])).filter(isRunId)) {
    const folder = join(home, 'runs', runId);
    // By an API on another host, or while this one was away.
    if (await ledger.isDeletedRun(runId)) await files.remove(runId);
    if (await hasOldLog(runId)) old.push(join(folder, 'log.txt'));
    if (await hasOldArtifacts(runId)) old.push(join(folder, 'artifacts'), join(folder, 'evidence'));
  }
  const there = old.filter((path) => existsSync(path));
  for (const path of there) await rm(path, { recursive: true, force: true, maxRetries: 2 });
  return { files: there.length, runs: artifactsMs === undefined ? 0 : await forgetOldFiles(options, ago(artifactsMs)) };
}

/** Of all hosts: what is in the store goes first, for it is what the ledger knows that it is found by. */
async function forgetOldFiles({ ledger, store }: RecordsOptions, closedBefore: string): Promise<number> {
  let count = 0;
  for (;;) {
    const runIds = await ledger.runsWithFiles({ closedBefore, limit: RUNS_A_LOOK });
    if (runIds.length === 0) return count;
    for (const runId of runIds) {
      await store?.removeRun(runId);
      await ledger.forgetArtifacts(runId);
    }
    count += runIds.length;
  }
}
