import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { CLOSED_STATUSES, STATUS_QUERY } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RunView } from '../contracts/run-view.ts';

/** Short enough to look live, long enough to cost nothing. */
const POLL_MS = 200;
/** A worker that is being restarted answers no queries for a while. */
const PATIENCE_MS = 5 * 60_000;

export interface FollowRequest {
  client: Client;
  workflowId: string;
  signal?: AbortSignal;
}

/** Yields the run's view whenever it has changed, until the run is closed or parked; the last one is where it rests. */
export async function* follow({ client, workflowId, signal }: FollowRequest): AsyncGenerator<RunView> {
  let last: RunView | undefined;
  let heard = Date.now();
  for (;;) {
    signal?.throwIfAborted();
    const view = await ask(client, workflowId);
    if (view) heard = Date.now();
    else if (Date.now() - heard > PATIENCE_MS) throw silent(workflowId);
    if (view && (view.version !== last?.version || view.id !== last.id)) {
      last = view;
      yield view;
    }
    if (view && (await rests(client, workflowId, view))) return;
    await sleep(POLL_MS, undefined, signal ? { signal } : {});
  }
}

/** The run's view, unless no worker answers just now. Throws invalid_input for a run that Temporal does not know. */
export async function ask(client: Client, workflowId: string): Promise<RunView | undefined> {
  try {
    return await client.withDeadline(Date.now() + 3000, () => client.workflow.getHandle(workflowId).query<RunView>(STATUS_QUERY));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) {
      throw new BelayError({
        code: 'invalid_input',
        message: `Temporal knows no run ${workflowId}.`,
        hint: 'It may be on another Temporal service, or past its retention.',
      });
    }
    return undefined;
  }
}

/** Closed runs say so before Temporal does: their last effects come in between. */
async function rests(client: Client, workflowId: string, { status }: RunView): Promise<boolean> {
  if (status === 'parked') return true;
  if (!CLOSED_STATUSES.includes(status)) return false;
  const { status: execution } = await client.workflow.getHandle(workflowId).describe();
  return execution.name !== 'RUNNING';
}

const silent = (workflowId: string): BelayError =>
  new BelayError({
    code: 'temporal_unreachable',
    message: `No worker answers for ${workflowId}.`,
    hint: 'Is a worker running? `belay dev` starts one; the run is kept and goes on then.',
  });
