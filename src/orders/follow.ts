import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { CLOSED_STATUSES, STATUS_QUERY } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { endedOutside } from '../contracts/ended-outside.ts';

/** Short enough to look live, long enough to cost nothing. */
const POLL_MS = 200;
const CALL_MS = 3000;
/** A worker that is being restarted answers no queries for a while. */
const PATIENCE_MS = 5 * 60_000;

export interface Source {
  client: Client;
  ledger: Pick<Ledger, 'getRun' | 'recordRun'>;
}

export interface FollowRequest extends Source {
  workflowId: string;
  signal?: AbortSignal;
}

/** Yields the run's view whenever it has changed, until the run is closed or parked; the last one is where it rests. */
export async function* follow({ client, ledger, workflowId, signal }: FollowRequest): AsyncGenerator<RunView> {
  let last: RunView | undefined;
  let heard = performance.now();
  for (;;) {
    signal?.throwIfAborted();
    const seen = await look({ client, ledger, workflowId });
    if (seen) heard = performance.now();
    else if (performance.now() - heard > PATIENCE_MS) throw silent(workflowId);
    if (seen && last && seen.view.id !== last.id) {
      yield await superseded(ledger, last);
      return;
    }
    if (seen && seen.view.version !== last?.version) yield (last = seen.view);
    if (seen?.rests) return;
    await sleep(POLL_MS, undefined, signal ? { signal } : {});
  }
}

/**
 * How the run stands, and whether that is where it rests; nothing while no worker answers. A run that Temporal closed
 * without its doing shows as failed, in the ledger too: its worker would answer for ever that it is at work.
 */
export async function look({ client, ledger, workflowId }: FollowRequest): Promise<{ view: RunView; rests: boolean } | undefined> {
  const execution = await describe(client, workflowId);
  if (!execution) return undefined;
  const as = execution.status.name;
  const isClosed = CLOSED_EXECUTIONS.includes(as);
  // Of just this execution, for the next run may begin meanwhile.
  const view = await ask(client, workflowId, isClosed ? execution.runId : undefined);
  if (!view || !isClosed) return view && { view, rests: view.status === 'parked' };
  if (CLOSED_STATUSES.includes(view.status)) return { view, rests: true };
  // Its host may have said so already.
  const kept = await ledger.getRun(view.id);
  if (CLOSED_STATUSES.includes(kept.status)) return { view: kept, rests: true };
  const ended = endedOutside(view, { as, at: execution.closeTime ?? new Date() });
  await ledger.recordRun(ended);
  return { view: ended, rests: true };
}

/** The run's view, unless no worker answers just now. Throws invalid_input for a run that Temporal does not know. */
export async function ask(client: Client, workflowId: string, executionId?: string): Promise<RunView | undefined> {
  return answered(client, workflowId, () => client.workflow.getHandle(workflowId, executionId).query<RunView>(STATUS_QUERY));
}

/** What is known of an open run, brought up to date where Temporal has closed it or its place is another run's by now. */
export async function settled({ client, ledger }: Source, known: RunView): Promise<RunView> {
  const { workflowId } = known;
  const execution = await describe(client, workflowId);
  if (execution && execution.memo?.['runId'] !== known.id) return superseded(ledger, known);
  let last = known;
  // Asked only then: an order for a run that is open needs no worker that answers.
  if (execution && CLOSED_EXECUTIONS.includes(execution.status.name))
    for await (const view of follow({ client, ledger, workflowId })) last = view;
  return last;
}

/** The end of a run whose workflow id a later run has: what the ledger knows, or that it ended without a word. */
async function superseded(ledger: Source['ledger'], known: RunView): Promise<RunView> {
  const kept = await ledger.getRun(known.id);
  if (CLOSED_STATUSES.includes(kept.status)) return kept;
  const newest = kept.version > known.version ? kept : known;
  const ended = endedOutside(newest, { as: 'a later run has taken its place', at: new Date() });
  await ledger.recordRun(ended);
  return ended;
}

const CLOSED_EXECUTIONS: readonly string[] = ['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT'];

const describe = async (client: Client, workflowId: string): Promise<WorkflowExecutionDescription | undefined> =>
  answered(client, workflowId, () => client.workflow.getHandle(workflowId).describe());

async function answered<T>(client: Client, workflowId: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await client.withDeadline(Date.now() + CALL_MS, call);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw unknown(workflowId);
    return undefined;
  }
}

const unknown = (workflowId: string): BelayError =>
  new BelayError({
    code: 'invalid_input',
    message: `Temporal knows no run ${workflowId}.`,
    hint: 'It may be on another Temporal service, or past its retention.',
  });

const silent = (workflowId: string): BelayError =>
  new BelayError({
    code: 'temporal_unreachable',
    message: `No worker answers for ${workflowId}.`,
    hint: 'Is a worker running? `belay dev` starts one; the run is kept and goes on then.',
  });
