import { forgetBaselines } from '../activities/baseline-files.ts';
import { createMirrors } from '../git/mirror.ts';
import type { Leftover } from '../workspace/janitor.ts';
import { openRuns } from '../upkeep/clean-up.ts';
import { findOverBudget } from '../upkeep/disk-budget.ts';
import { removeAll } from '../upkeep/finding.ts';
import { findOldRuns } from '../upkeep/old-runs.ts';
import { findOrphans } from '../upkeep/orphans.ts';
import { findLeftovers, removeLeftovers } from '../workspace/janitor.ts';
import { createSetupCache } from '../workspace/setup-cache.ts';
import { createWorktrees } from '../workspace/worktree.ts';
import type { Context } from './context.ts';
import { EXIT } from './terminal.ts';

/** `belay clean`: removes what closed runs left on this machine. */
export async function clean(
  { config, env, ledger, forges, terminal }: Context,
  { dryRun, cache, olderThan }: { dryRun: boolean; cache: boolean; olderThan?: number },
): Promise<number> {
  const { home } = config;
  const mirrors = createMirrors({ home, env });
  const leftovers = await findLeftovers({ home, mirrors, liveRunIds: () => openRuns(ledger) });
  const cached = await createSetupCache({ home }).prune({ all: cache, dryRun });
  const forgotten = cache ? await forgetBaselines({ home, dryRun }) : NOTHING;
  const { keepMs, diskBytes } = config.upkeep;
  const options = { home, mirrors, ledger, forges, diskBytes, mirrorsOnly: true, keepMs: olderThan ?? keepMs };
  const findings = [...(await findOrphans(options)), ...(await findOldRuns(options)), ...(await findOverBudget(options))];
  const lines = [...cacheWords(cached), ...baselineWords(forgotten), ...leftovers.map(describe), ...findings.map(({ words }) => words)];
  for (const line of lines) terminal.out(`${dryRun ? 'would remove' : 'remove'} ${line}`);
  if (lines.length === 0) terminal.out('Nothing to clean.');
  if (dryRun) return EXIT.ok;
  const { failed } = await removeLeftovers({ home, worktrees: createWorktrees({ home }), leftovers });
  const left = [...failed.map(({ leftover, reason }) => ({ words: describe(leftover), reason })), ...(await removeAll(findings))];
  for (const { words, reason } of left) terminal.note(`belay: ${words} could not be removed: ${reason}`);
  return left.length > 0 ? EXIT.failed : EXIT.ok;
}

interface Removed {
  entries: number;
  bytes: number;
}

const NOTHING: Removed = { entries: 0, bytes: 0 };

function cacheWords({ entries, bytes }: Removed): string[] {
  return entries === 0 ? [] : [`${entries} ${entries === 1 ? 'entry' : 'entries'} of the setup cache (${megabytes(bytes)})`];
}

function baselineWords({ entries, bytes }: Removed): string[] {
  return entries === 0 ? [] : [`what the tests said of ${entries} ${entries === 1 ? 'base' : 'bases'} (${megabytes(bytes)})`];
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2)} MB`;

function describe(leftover: Leftover): string {
  if (leftover.kind === 'ports') return `the claim of port ${leftover.port} (run ${leftover.runId})`;
  if (leftover.kind === 'pool') return `${leftover.path} (kept for the next run of its repository)`;
  return leftover.kind === 'trash' ? leftover.path : `${leftover.path} (run ${leftover.runId})`;
}
