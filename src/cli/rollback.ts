import { userInfo } from 'node:os';
import type { Client } from '@temporalio/client';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { CLOSED_STATUSES, ROLLBACK_UPDATE } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { Context } from './context.ts';
import { settled } from './follow.ts';
import { restingView, retryClosed, woken } from './orders.ts';
import { followToRest } from './run.ts';
import { openSession } from './session.ts';

export interface RollbackOptions {
  version: number;
  detach: boolean;
  json: boolean;
}

/** `belay rollback`: has a parked run go on from one of its versions, or begins a new run at that of a closed one. */
export async function rollback(context: Context, id: string, options: RollbackOptions): Promise<number> {
  const { ledger } = context;
  const known = await ledger.getRun(id);
  if (CLOSED_STATUSES.includes(known.status)) return retryClosed(context, known, options);
  await using session = await openSession(context);
  const { client } = session;
  const present = await settled({ client, ledger }, known);
  if (CLOSED_STATUSES.includes(present.status)) return await retryClosed(context, present, options);
  const { workflowId } = known;
  const before = await restingView({ client, ledger, workflowId });
  await goBack(client, workflowId, options.version);
  await woken({ client, ledger, workflowId }, (before ?? present).version);
  context.terminal.note(`Run ${known.id} goes on from version ${options.version}.`);
  return await followToRest(context, session, { workflowId, runId: known.id, joined: false }, options);
}

async function goBack(client: Client, workflowId: string, version: number): Promise<void> {
  try {
    await client.workflow.getHandle(workflowId).executeUpdate(ROLLBACK_UPDATE, { args: [{ version, by: userInfo().username }] });
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    throw new BelayError({
      code: 'invalid_input',
      message: error.cause?.message ?? error.message,
      hint: '`belay show --history` lists the versions of a run; one that is at work can be cancelled first.',
      cause: error,
    });
  }
}
