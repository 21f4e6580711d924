import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { Source } from './follow.ts';
import { look } from './follow.ts';

/** Who gives an order: clients know Temporal, the ledger knows how the run stood last. */
export interface OrderOf extends Source {
  run: RunView;
  /** Ends the wait for a worker that does not answer; some minutes unless given. */
  signal?: AbortSignal;
}

export const isClosed = ({ status }: RunView): boolean => CLOSED_STATUSES.includes(status);

/** The run as it is now. Throws wrong_state where it is not open, or another run has its place. */
export async function openView({ client, ledger, run }: OrderOf): Promise<RunView> {
  const seen = await look({ client, ledger, workflowId: run.workflowId });
  if (seen?.view.id === run.id && !seen.view.completedAt) return seen.view;
  if (!seen && !isClosed(run)) throw silent(run);
  throw notOpen(run);
}

interface Place {
  client: Client;
  workflowId: string;
}

/** The id of the run that is open under this workflow id, by what Temporal says. */
export async function openRunId(place: Place): Promise<string | undefined> {
  const { isOpen, runId } = await holderOf(place);
  return isOpen ? runId : undefined;
}

/** What has this workflow id, or had it last. What Belay did not start has no run's id. */
export async function holderOf({ client, workflowId }: Place): Promise<{ isOpen: boolean; runId: string | undefined }> {
  const { memo, status } = await client.workflow.getHandle(workflowId).describe();
  const runId = memo?.['runId'];
  return { isOpen: status.name === 'RUNNING', runId: typeof runId === 'string' ? runId : undefined };
}

/** Throws wrong_state where Temporal has closed the run by now. */
export async function signalRun({ client, run, name, order }: SignalRequest): Promise<void> {
  try {
    await client.workflow.getHandle(run.workflowId).signal(name, { ...order, run: run.id });
  } catch (error) {
    throw error instanceof WorkflowNotFoundError ? notOpen(run) : error;
  }
}

interface SignalRequest {
  client: Client;
  run: RunView;
  name: string;
  order: object;
}

interface UpdateRequest extends SignalRequest {
  /** The same order given again, because its answer was lost, is the same update. */
  updateId?: string;
  /** What a person can do whose order the run refuses. */
  hint: string;
}

/** Gives an order that the run may refuse: throws wrong_state with its words then. */
export async function updateRun({ client, run, name, order, updateId, hint }: UpdateRequest): Promise<void> {
  try {
    const handle = client.workflow.getHandle(run.workflowId);
    await handle.executeUpdate(name, { args: [{ ...order, run: run.id }], ...(updateId ? { updateId } : {}) });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw notOpen(run);
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    throw new BelayError({ code: 'wrong_state', message: error.cause?.message ?? error.message, hint, cause: error });
  }
}

const notOpen = ({ id }: RunView): BelayError =>
  new BelayError({ code: 'wrong_state', message: `Run ${id} is not open.`, hint: `\`belay show ${id}\` shows how it ended.` });

const silent = ({ id }: RunView): BelayError =>
  new BelayError({
    code: 'temporal_unreachable',
    message: `No worker answers for run ${id}.`,
    hint: 'Is a worker running? `belay dev` starts one; the run is kept and goes on then.',
  });
