import { createHash } from 'node:crypto';
import type { NativeConnection, TunerHolder, WorkerOptions } from '@temporalio/worker';
import { Worker } from '@temporalio/worker';
import { hostActivities, leaseQueueActivities, orchestratorActivities } from '../activities/index.ts';
import type { Dependencies } from '../activities/dependencies.ts';
import { hostLeaseQueue, LEASE_QUEUE, ORCHESTRATOR_QUEUE } from '../contracts/constants.ts';
import type { WorkerRole } from '../contracts/worker-roles.ts';
import { packageVersion } from '../package-version.ts';
import { leaseSlots } from './lease-slots.ts';
import { loadWorkflowBundle } from './workflow-bundle.ts';

export interface WorkersOptions {
  connection: NativeConnection;
  namespace: string;
  deps: Dependencies;
  roles: readonly WorkerRole[];
  /** Where the bundled pipelines are kept. */
  bundleFolder: string;
  /** The worker deployment, if there is one, and what this build is called. */
  deployment?: string | undefined;
  buildId?: string | undefined;
}

interface Versioning {
  deployment: string | undefined;
  buildId: string;
}

/** Time for short activities to end before the others are told that the worker goes. Agents are ended at once: their sessions resume. */
const SHUTDOWN_GRACE = '200ms';
/** Process trees get two seconds to end by themselves; then the rest of the cleanup. */
const SHUTDOWN_FORCE = '20s';
/** Cancellations reach an activity with the answer to its heartbeat: this bounds how late. */
const HEARTBEAT_THROTTLE = '1s';
/** Agents of one host beside each other: each has a slot, and few short calls come on top. */
const CALLS_PER_SLOT = 2;

/** What all workers of one process have in common. */
type Shared = Pick<WorkerOptions, 'connection' | 'namespace' | 'identity'>;

/**
 * The workers of one process, by its roles. Decisions, leases and work are apart, so that long agents never hold up decisions, and the
 * number of leases is the number of workspaces.
 */
export async function createWorkers(options: WorkersOptions): Promise<Worker[]> {
  const { connection, namespace, deps, roles } = options;
  const shared = {
    connection,
    namespace,
    identity: deps.host.identity,
    shutdownGraceTime: SHUTDOWN_GRACE,
    shutdownForceTime: SHUTDOWN_FORCE,
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE,
  } satisfies Partial<WorkerOptions>;
  const workflowBundle = await loadWorkflowBundle(options.bundleFolder);
  const buildId = options.buildId ?? buildIdOf(workflowBundle);
  const { deployment } = options;
  return Promise.all([
    ...(roles.includes('orchestrator') ? [orchestrator(deps, { ...shared, ...versionOf({ deployment, buildId }), workflowBundle })] : []),
    ...(roles.includes('runner') ? runner(deps, { ...shared, buildId }) : []),
  ]);
}

const orchestrator = (deps: Dependencies, shared: Shared & Pick<WorkerOptions, 'workflowBundle'>): Promise<Worker> =>
  Worker.create({
    ...shared,
    taskQueue: ORCHESTRATOR_QUEUE,
    activities: orchestratorActivities(deps),
    // A run that a killed worker had in its cache goes on after this long.
    stickyQueueScheduleToStartTimeout: '2s',
    // Runs that are open: a closed one leaves the cache with its last answer. One that finds no place is replayed when it goes on.
    maxCachedWorkflows: 500,
  });

function runner(deps: Dependencies, shared: Shared & Pick<WorkerOptions, 'buildId'>): Promise<Worker>[] {
  const { admission, host } = deps;
  const leases = { ...shared, activities: leaseQueueActivities(deps) };
  return [
    // One at a time: who asks for more than one run may be given more than there is room for by then.
    Worker.create({ ...leases, taskQueue: LEASE_QUEUE, tuner: tunerOf(leaseSlots(admission)), maxConcurrentActivityTaskPolls: 1 }),
    Worker.create({ ...leases, taskQueue: hostLeaseQueue(host.id), maxConcurrentActivityTaskExecutions: admission.size }),
    Worker.create({
      ...shared,
      taskQueue: host.taskQueue,
      activities: hostActivities(deps),
      maxConcurrentActivityTaskExecutions: admission.size * CALLS_PER_SLOT,
    }),
  ];
}

/** Of the four kinds of slots a lease's worker uses one, and all have to be said. */
function tunerOf(activityTaskSlotSupplier: TunerHolder['activityTaskSlotSupplier']): TunerHolder {
  const unused = { type: 'fixed-size', numSlots: 1 } as const;
  return {
    activityTaskSlotSupplier,
    workflowTaskSlotSupplier: unused,
    localActivityTaskSlotSupplier: unused,
    nexusTaskSlotSupplier: unused,
  };
}

/** Every decision's events say twice which build made it; the SDK's own name for one is four times as long. */
function buildIdOf({ code }: { code: string }): string {
  return `${packageVersion()}+${createHash('sha256').update(code).digest('hex').slice(0, 8)}`;
}

/**
 * How the worker that decides is known to Temporal. Runs go to the current version whenever they go on: one host has one worker, so
 * none of an older version would be there for them.
 */
function versionOf({ deployment, buildId }: Versioning): Pick<WorkerOptions, 'buildId' | 'workerDeploymentOptions'> {
  if (!deployment) return { buildId };
  const version = { deploymentName: deployment, buildId };
  return { workerDeploymentOptions: { useWorkerVersioning: true, version, defaultVersioningBehavior: 'AUTO_UPGRADE' } };
}
