import type { RepositoryRef } from '../contracts/repository.ts';
import { plainLine } from '../contracts/text.ts';
import type { Mirror } from '../git/mirror.ts';
import { createSetupCache } from '../workspace/setup-cache.ts';
import { workingDirectory } from '../workspace/working-directory.ts';
import type { Dependencies } from './dependencies.ts';
import { environmentOf } from './environment.ts';
import { unwritten } from './journal.ts';
import { setupKey } from './setup-key.ts';
import { runSetup } from './setup.ts';
import type { Setup } from './setup.ts';

interface Cacheable {
  setup: Setup;
  repository: RepositoryRef;
  mirror: Mirror;
  /** What the worktree stands on, and the base: only what comes from the base alone is kept for others. */
  commit: string;
  baseSha: string;
  /** Folders that runs share; none switches the cache off. */
  paths: readonly string[];
}

/** Sets a new worktree up, or puts into it what an earlier setup of the same lock files made. The cache is never a reason to fail. */
export async function cachedSetup(deps: Dependencies, work: Cacheable, signal: AbortSignal): Promise<void> {
  const { setup, repository, mirror, commit, baseSha, paths } = work;
  if (paths.length === 0 || setup.commands.length === 0) return runSetup(deps, setup, signal);
  const say = teller(deps, setup);
  const cache = createSetupCache(deps);
  const folder = setup.settings.workingDirectory;
  const { commands } = setup;
  const key = await setupKey({ mirror, commit, folder, commands, paths, env: environmentOf(deps, setup) });
  const entry = { repository, key, root: await workingDirectory({ root: setup.path, folder }), paths, signal };
  const tried = async <T>(what: string, call: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      await say(plainLine(`${what}: ${error instanceof Error ? error.message : String(error)}`, 500));
      return undefined;
    }
  };
  if (await tried('The setup cache could not be used', () => cache.restore(entry))) {
    await say(
      `setup · ${paths.join(', ')} taken from the cache, \`${commands.join(' && ')}\` not run: the lock files are those of an earlier run`,
    );
    return;
  }
  await runSetup(deps, setup, signal);
  // Work of an agent may have steered this setup: other runs do not get it.
  if (commit !== baseSha) return;
  const outcome = await tried('The setup could not be kept for other runs', () => cache.store(entry));
  if (outcome && typeof outcome === 'object') await say(`setup · not kept for other runs: ${outcome.left}`);
}

/** Lines of the run's log that belong to no step. */
function teller({ ledger, files }: Dependencies, { lease: { runId, executionId, epoch } }: Setup): (line: string) => Promise<void> {
  let seq = 0;
  return async (line) => {
    const entry = {
      runId,
      source: `${executionId}/setup/${epoch}`,
      seq: seq++,
      at: new Date().toISOString(),
      level: 'info' as const,
      message: line,
    };
    await Promise.all([ledger.appendLogs([entry]), files.appendLog({ runId, lines: [entry] })]).catch(unwritten('A line of the log'));
  };
}
