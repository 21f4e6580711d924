import { once } from 'node:events';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { GRANT_SIGNAL } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { Grant, LeaseRef } from '../contracts/lease.ts';
import type { HoldInput } from '../contracts/work.ts';
import type { GitAccess } from '../git/access.ts';
import type { Mirror } from '../git/mirror.ts';
import { leftOut } from '../workspace/left-out.ts';
import { PORTS_FILE, writePortsFile } from '../workspace/ports.ts';
import { oncePerTree } from '../workspace/setup-mark.ts';
import { keepVersions } from '../workspace/version-refs.ts';
import { cachedSetup } from './cached-setup.ts';
import type { Dependencies } from './dependencies.ts';
import { performEffect } from './effects.ts';
import { takeHandover } from './handover.ts';
import { fetchLog, logAboutWorkspace } from './lease-log.ts';
import { leaveTree, releasePorts } from './leaving.ts';
import { readOverrides } from './overrides.ts';
import { readSettings } from './settings.ts';
import { startOf } from './start-of-work.ts';
import type { Tenure } from './tenures.ts';

/** This host had room when it asked for a run; meanwhile it has not. */
const ROOM_WAIT_MS = 10_000;
const OWN_PORTS_FILE = `The repository has a ${PORTS_FILE} of its own, which is left as it is: the ports are in the environment only.`;

/** The host's side of the lease. */
export function leaseActivities(deps: Dependencies) {
  return {
    /** Prepares a workspace, grants it to the run, and holds it until the run gives it back. */
    async holdWorkspace(input: HoldInput, cancelled: AbortSignal): Promise<void> {
      using tenure = await deps.holdings.begin(input.lease, cancelled);
      using _place = await placeFor(deps, input.lease, tenure.signal);
      await raiseEpoch(deps, input);
      await using cleanup = new AsyncDisposableStack();
      const over = Promise.withResolvers<void>();
      const grant = await prepare(deps, input, { tenure, cleanup, end: over.resolve });
      const { runId, workflowId, executionId } = input.lease;
      await performEffect(deps, { name: 'grant', runId, on: workflowId }, () =>
        deps.client.workflow.getHandle(workflowId, executionId).signal(GRANT_SIGNAL, grant),
      );
      await Promise.race([aborted(tenure.signal), over.promise]);
    },
  };
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}

/** Runs queue inside Temporal; here only what came past the queue, because this host had its files, may find no room. */
async function placeFor({ admission, host }: Dependencies, { runId }: LeaseRef, signal: AbortSignal): Promise<Disposable> {
  const free = admission.tryEnter(runId);
  if (free) return free;
  if (Context.current().info.taskQueue.endsWith(host.id)) throw noRoom(admission.obstacle());
  const patience = AbortSignal.timeout(ROOM_WAIT_MS);
  try {
    return await admission.enter(runId, AbortSignal.any([signal, patience]));
  } catch (error) {
    // Another host may have room.
    throw patience.aborted && !signal.aborted ? noRoom(admission.obstacle()) : error;
  }
}

const noRoom = (why = 'it was taken meanwhile'): ApplicationFailure =>
  ApplicationFailure.nonRetryable(`This host has no room for the run: ${why}`, 'lease_lost');

/** Everything an older lease still does is refused from here on. */
async function raiseEpoch(deps: Dependencies, { lease }: HoldInput): Promise<void> {
  const { runId, executionId, epoch } = lease;
  const effect = { name: 'raise-epoch', runId, on: String(epoch) } as const;
  if (await performEffect(deps, effect, () => deps.ledger.raiseEpoch({ runId, executionId, epoch }))) return;
  throw ApplicationFailure.nonRetryable(`A newer lease of run ${runId} than ${epoch} is recorded.`, 'lease_lost');
}

interface Preparation {
  tenure: Tenure;
  /** Undone when the lease ends. */
  cleanup: AsyncDisposableStack;
  end: () => void;
}

async function prepare(deps: Dependencies, input: HoldInput, { tenure, cleanup, end }: Preparation): Promise<Grant> {
  const { lease, repository } = input;
  const { signal } = tenure;
  const { runId, epoch } = lease;
  const remote = { ...(await deps.forges[repository.forge].gitAccess(repository)), onProgress: fetchLog(deps, lease) };
  const mirror = await deps.mirrors.open(repository);
  const baseSha = await baseOf(mirror, remote, input, signal);
  const settings = await readSettings(mirror, baseSha);
  const wanted = settings.run.checkpoints ?? input.checkpoints ?? (repository.forge === 'local' ? 'local' : 'remote');
  const handover =
    wanted === 'remote' ? await takeHandover({ deps, lease, repository, mirror, continues: input.continues, signal }) : undefined;
  const commit = await startOf({ deps, mirror, access: remote, input, baseSha, signal });
  await keepVersions({ mirror, runId, versions: input.keep ?? [] });
  const ports = await deps.ports.claim({ runId, signal });
  cleanup.defer(() => releasePorts(deps, lease));
  const isFirst = input.checkpoint === undefined;
  const kind = input.workspace ?? settings.run.workspace ?? 'worktree';
  const { path, state, worktree } = await deps.worktrees.prepare({ mirror, runId, commit, kind, keep: !isFirst, signal });
  cleanup.defer(() => leaveTree(deps, { lease, mirror, tenure, handover }));
  if (state === 'kept') await worktree.startFrom(commit);
  // One that the repository has is its own: ours in its place would be published.
  const isTheirs = await mirror.hasPath({ commit, path: PORTS_FILE });
  if (!isTheirs) await writePortsFile({ path, ports });
  const lines = [...(await leftOut(path)), ...(isTheirs ? [OWN_PORTS_FILE] : [])];
  if (isFirst) await logAboutWorkspace(deps, { lease, source: 'workspace', lines });
  const setup = { lease, path, ports, commands: settings.setup, settings: settings.named };
  await oncePerTree({ mirror, runId, kind, again: state !== 'kept' }, () =>
    cachedSetup(deps, { setup, repository, mirror, commit, baseSha, paths: settings.setupCache }, signal),
  );
  const overrides = await readOverrides(mirror, baseSha);
  // Setup commands may change files.
  const at = state !== 'kept' && settings.setup.length === 0 ? { at: commit } : {};
  cleanup.use(
    deps.holdings.add({ lease, repository, mirror, worktree, ports, baseSha, settings: settings.named, overrides, end, handover, ...at }),
  );
  return {
    epoch,
    host: deps.host.id,
    taskQueue: deps.host.taskQueue,
    kind,
    path,
    ports,
    baseSha,
    commit,
    settings: settings.run,
    ...(handover ? { handover: true } : {}),
  };
}

type Remote = GitAccess & { onProgress: (line: string) => void };

async function baseOf(mirror: Mirror, remote: Remote, { base, baseSha }: HoldInput, signal: AbortSignal): Promise<string> {
  if (baseSha) {
    await mirror.fetchCommit({ ...remote, sha: baseSha, signal });
    return baseSha;
  }
  if (base) return mirror.fetchBranch({ ...remote, branch: base, signal });
  throw new BelayError({ code: 'base_not_found', message: 'The run names neither a base branch nor a base commit.' });
}
