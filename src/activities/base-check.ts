import type { ChecksResult } from '../checks/checks-result.ts';
import type { CompareInput } from '../contracts/checks.ts';
import { writePortsFile } from '../workspace/ports.ts';
import { baseTreeOf } from '../workspace/run-folders.ts';
import { checkpointRef } from '../workspace/worktree.ts';
import { cachedSetup } from './cached-setup.ts';
import { checkCommit } from './commit-check.ts';
import type { Dependencies } from './dependencies.ts';
import type { Holding } from './holdings.ts';
import { readSettings } from './settings.ts';

/**
 * Runs the commands on the base, in a workspace of its own. What agents leave in the run's workspace and no commit holds, such as changed
 * dependencies, would have the base fail as the work does, for this run and for all others that take its word.
 */
export async function checkBase(deps: Dependencies, holding: Holding, input: CompareInput, signal: AbortSignal): Promise<ChecksResult> {
  const { lease, repository, mirror, ports } = holding;
  const { base: commit } = input;
  const { named: settings, setup: commands, setupCache: paths } = await readSettings(mirror, commit);
  const runId = baseTreeOf(lease.runId);
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(async () => {
    await deps.worktrees.release({ mirror, runId });
    await mirror.deleteRef(checkpointRef(runId));
  });
  const { path, worktree } = await deps.worktrees.prepare({ mirror, runId, commit, kind: holding.worktree.kind, signal });
  await writePortsFile({ path, ports });
  const setup = { lease, path, ports, commands, settings };
  await cachedSetup(deps, { setup, repository, mirror, commit, baseSha: commit, paths }, signal);
  return await checkCommit(deps, { ...holding, worktree }, { ...input, checkpoint: commit }, signal);
}
