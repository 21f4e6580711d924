import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { createBreakers } from '../../src/activities/breakers.ts';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import { createHoldings } from '../../src/activities/holdings.ts';
import type { Grant, LeaseRef } from '../../src/contracts/lease.ts';
import type { RepositoryRef } from '../../src/contracts/repository.ts';
import { composeEngines } from '../../src/compose-engines.ts';
import { loadConfig } from '../../src/config.ts';
import { composeForges } from '../../src/compose-forges.ts';
import { createMirrors } from '../../src/git/mirror.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { createProcessTrees } from '../../src/process/process-trees.ts';
import { createRunFiles } from '../../src/run-files/run-files.ts';
import { createPortRegistry } from '../../src/workspace/ports.ts';
import { possibleIdentities } from '../../src/temporal/serving.ts';
import { createAdmission } from '../../src/workspace/admission.ts';
import { createSlots } from '../../src/workspace/slots.ts';
import { createWorktrees } from '../../src/workspace/worktree.ts';
import { gitRemote } from './git-remote.ts';
import type { Files, GitRemote } from './git-remote.ts';

/** Memory is never short here. */
const AMPLE = { admit: () => ({ [Symbol.dispose]() {} }), shortage: () => undefined };

/** What a worker's activities work with, without a Temporal: all real but its client, which notes the grants. */
export interface ActivityHost extends AsyncDisposable {
  deps: Dependencies;
  remote: GitRemote;
  repository: RepositoryRef;
  /** Head of the remote's `main`. */
  base: string;
  grants: Grant[];
  portsFolder: string;
  /** What Temporal says of the run's workflow. */
  workflow: { status: string };
}

export async function activityHost(
  files: Files = { 'a.txt': 'one\n' },
  { id = 'here', remote: shared }: { id?: string; remote?: GitRemote } = {},
): Promise<ActivityHost> {
  await using stack = new AsyncDisposableStack();
  const remote = shared ?? stack.use(await gitRemote({ files }));
  const home = join(remote.folder, id === 'here' ? 'home' : `home-${id}`);
  await mkdir(home);
  const portsFolder = join(remote.folder, 'ports');
  const { forges, trackers } = composeForges(loadConfig({ BELAY_HOME: home }), {});
  const grants: Grant[] = [];
  const workflow = { status: 'RUNNING' };
  const handle = {
    signal: async (_name: string, grant: Grant) => void grants.push(grant),
    describe: async () => ({ status: { name: workflow.status } }),
  };
  const ledger = stack.use(await openLedger({ path: join(home, 'ledger.db') }));
  const onProblem = (error: unknown): never => {
    throw error;
  };
  const deps: Dependencies = {
    home,
    host: { id, identity: `${id}@1`, former: possibleIdentities({ id, boot: '0' }), taskQueue: `work-${id}` },
    client: { workflow: { getHandle: () => handle } } as unknown as Client,
    ledger,
    ownSecrets: () => [],
    breakers: createBreakers({ ledger, onProblem, failures: 5, openMs: 60_000, successes: 2 }),
    files: createRunFiles({ home }),
    forges,
    trackers,
    engines: composeEngines(loadConfig({ BELAY_HOME: home }), {}),
    processes: stack.use(await createProcessTrees({ bootId: 'activity-host', isolation: 'reaper', graceMs: 100 })),
    mirrors: createMirrors({ home, env: process.env }),
    worktrees: createWorktrees({
      home,
      pool: {
        size: 3,
        onProblem,
      },
    }),
    ports: createPortRegistry({
      home,
      backend: { first: 21400, last: 21449 },
      frontend: { first: 21450, last: 21499 },
      folder: portsFolder,
    }),
    admission: createAdmission({ slots: createSlots(3), memory: AMPLE }),
    holdings: createHoldings(),
    triggers: {
      pollIssues: () => Promise.reject(new Error('Nothing is polled here.')),
      startScheduled: () => Promise.reject(new Error('Nothing is scheduled here.')),
    },
    workspaceEnvironment: { PATH: process.env['PATH'] ?? '' },
  };
  stack.defer(() => deps.worktrees.settled());
  const repository = await forges.local.register({ path: remote.path });
  const base = await remote.git('rev-parse', 'main');
  const kept = stack.move();
  return { deps, remote, repository, base, grants, portsFolder, workflow, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** A lease, of the one run that most of these tests are about. */
export const leaseOf = (epoch: number, runId = '0123abcd'): LeaseRef => ({
  runId,
  workflowId: 'local:acme/shop#1',
  executionId: 'first',
  epoch,
});
