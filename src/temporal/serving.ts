import type { Client } from '@temporalio/client';
import { ORCHESTRATOR_QUEUE } from '../contracts/constants.ts';

/** TASK_QUEUE_TYPE_WORKFLOW of Temporal's protocol. */
const OF_WORKFLOWS = 1;

/** The ids of the hosts whose workers serve this namespace, or did a few minutes ago: the server forgets them late. */
export async function servingHosts(client: Client): Promise<string[]> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: ORCHESTRATOR_QUEUE },
    taskQueueType: OF_WORKFLOWS,
  });
  // As workers are called: host and boot.
  return [...new Set((pollers ?? []).flatMap(({ identity }) => identity?.split('@')[0] || []))];
}
