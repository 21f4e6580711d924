import { forgetBaselines } from '../activities/baseline-files.ts';
import { CLOSED_STATUSES, RUN_STATUSES } from '../contracts/constants.ts';
import { createMirrors } from '../git/mirror.ts';
import type { Leftover } from '../workspace/janitor.ts';
import { findLeftovers, removeLeftovers } from '../workspace/janitor.ts';
import { createSetupCache } from '../workspace/setup-cache.ts';
import { createWorktrees } from '../workspace/worktree.ts';
import type { Context } from './context.ts';
import { EXIT } from './terminal.ts';

/** More open runs than this on one machine are not a case for this command. */
const MANY = 10_000;

/** `belay clean`: removes what closed runs left on this machine. */
export async function clean(
  { config, env, ledger, terminal }: Context,
  { dryRun, cache }: { dryRun: boolean; cache: boolean },
): Promise<number> {
  const { home } = config;
  const mirrors = createMirrors({ home, env });
  const open = RUN_STATUSES.filter((status) => !CLOSED_STATUSES.includes(status));
  const liveRunIds = async () => (await ledger.listRuns({ status: open, limit: MANY })).map(({ id }) => id);
  const leftovers = await findLeftovers({ home, mirrors, liveRunIds });
  const cached = await createSetupCache({ home }).prune({ all: cache, dryRun });
  const forgotten = cache ? await forgetBaselines({ home, dryRun }) : NOTHING;
  const lines = [...cacheWords(cached), ...baselineWords(forgotten), ...leftovers.map(describe)];
  for (const line of lines) terminal.out(`${dryRun ? 'would remove' : 'remove'} ${line}`);
  if (lines.length === 0) terminal.out('Nothing to clean.');
  if (dryRun) return EXIT.ok;
  const { failed } = await removeLeftovers({ home, worktrees: createWorktrees({ home }), leftovers });
  for (const { leftover, reason } of failed) terminal.note(`belay: ${describe(leftover)} could not be removed: ${reason}`);
  return failed.length > 0 ? EXIT.failed : EXIT.ok;
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
