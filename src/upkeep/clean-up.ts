import { CLOSED_STATUSES, RUN_STATUSES } from '../contracts/constants.ts';
import type { ForgeName } from '../contracts/repository.ts';
import type { Forge } from '../forges/forge.ts';
import type { Mirrors } from '../git/mirror.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../telemetry/log.ts';
import { findLeftovers, removeLeftovers } from '../workspace/janitor.ts';
import type { Worktrees } from '../workspace/worktree.ts';
import { findOverBudget } from './disk-budget.ts';
import { removeAll } from './finding.ts';
import { findOldRuns } from './old-runs.ts';

export interface CleanUpOptions {
  home: string;
  mirrors: Mirrors;
  worktrees: Worktrees;
  ledger: Ledger;
  forges: Record<ForgeName, Pick<Forge, 'gitAccess'>>;
  keepMs: number;
  diskBytes: number;
  log: Log;
  signal?: AbortSignal;
}

/** More runs than this on one machine are not looked through. */
const MANY = 10_000;
/** A run that has just closed is still being cleaned up after by its host. */
const JUST_MS = 15 * 60_000;

/** What a worker cleans by itself: what closed runs left, what is old, and what is over the disk budget. The pool stays for the next runs. */
export async function cleanUp({ signal, log, ...options }: CleanUpOptions): Promise<{ removed: number }> {
  const { home, mirrors, worktrees, ledger } = options;
  const leftovers = (await findLeftovers({ home, mirrors, liveRunIds: () => livingRuns(ledger) })).filter(({ kind }) => kind !== 'pool');
  const { removed, failed } = await removeLeftovers({ home, worktrees, leftovers });
  let count = removed.length;
  const left = failed.map(({ leftover, reason }) => ({
    words: `${leftover.kind} ${'path' in leftover ? leftover.path : leftover.port}`,
    reason,
  }));
  for (const find of [findOldRuns, findOverBudget]) {
    if (signal?.aborted) break;
    const findings = await find(options);
    const kept = await removeAll(findings);
    count += findings.length - kept.length;
    left.push(...kept);
  }
  for (const { words, reason } of left) log.warn({ reason }, `Could not be removed: ${words}`);
  if (count > 0) log.info({ removed: count }, 'Cleaned up');
  return { removed: count };
}

/** Ids of runs that are not closed. */
export async function openRuns(ledger: Pick<Ledger, 'listRuns'>): Promise<string[]> {
  const open = RUN_STATUSES.filter((status) => !CLOSED_STATUSES.includes(status));
  return (await ledger.listRuns({ status: open, limit: MANY })).map(({ id }) => id);
}

/** Open ones, and those that closed just now. */
async function livingRuns(ledger: Pick<Ledger, 'listRuns'>): Promise<string[]> {
  const closed = await ledger.listRuns({ status: CLOSED_STATUSES, limit: MANY });
  const justNow = closed.filter(({ completedAt }) => Date.now() - Date.parse(completedAt ?? '') < JUST_MS);
  return [...justNow.map(({ id }) => id), ...(await openRuns(ledger))];
}
