import type { Client } from '@temporalio/client';
import { ORCHESTRATOR_QUEUE } from '../contracts/constants.ts';
import type { WorkerRole } from '../contracts/worker-roles.ts';

/** TASK_QUEUE_TYPE_WORKFLOW of Temporal's protocol. */
const OF_WORKFLOWS = 1;
/** What ends the name of a worker that has no workspaces. */
const DECIDES_ONLY = '/orchestrator';

interface WorkerStart {
  id: string;
  boot: string;
}

/** How Temporal knows a worker: its host, which start of it, and what it does where that is not all. */
export const workerIdentity = ({ id, boot }: WorkerStart, roles: readonly WorkerRole[]): string =>
  `${id}@${boot}${roles.includes('runner') ? '' : DECIDES_ONLY}`;

/** How Temporal may know the worker of this start, whatever it did. */
export const possibleIdentities = ({ id, boot }: WorkerStart): string[] => [`${id}@${boot}`, `${id}@${boot}${DECIDES_ONLY}`];

export interface ServingHosts {
  /** Ids of the hosts whose workers decide in this namespace, or did a few minutes ago: the server forgets them late. */
  deciding: string[];
  /** Those of them that have workspaces too. */
  working: string[];
}

export async function servingHosts(client: Client): Promise<ServingHosts> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: ORCHESTRATOR_QUEUE },
    taskQueueType: OF_WORKFLOWS,
  });
  const identities = (pollers ?? []).flatMap(({ identity }) => identity || []);
  return { deciding: hostsOf(identities), working: hostsOf(identities.filter((identity) => !identity.endsWith(DECIDES_ONLY))) };
}

const hostsOf = (identities: readonly string[]): string[] => [...new Set(identities.flatMap((identity) => identity.split('@')[0] || []))];
