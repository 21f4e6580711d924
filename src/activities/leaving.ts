import { ApplicationFailure, Context } from '@temporalio/activity';
import type { LeaseRef } from '../contracts/lease.ts';
import type { Mirror } from '../git/mirror.ts';
import type { Dependencies } from './dependencies.ts';
import type { Handover } from './handover.ts';
import { settleEnded } from './ended-outside.ts';
import { unwritten } from './journal.ts';
import { isSameLease } from './tenures.ts';
import type { Tenure } from './tenures.ts';

const CLOSED = ['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT'];

interface Leaving {
  lease: LeaseRef;
  mirror: Mirror;
  tenure: Tenure;
  handover: Handover | undefined;
}

/** Takes away the tree of a run that gave its workspace back. One that may go on here finds it as it is. */
export async function leaveTree(deps: Dependencies, { lease, mirror, tenure, handover }: Leaving): Promise<void> {
  if (tenure.takenOver || !(await isCurrent(deps, lease))) return;
  if (!(await isGivenBack(deps, lease)) && !(await isElsewhere(handover))) return;
  await deps.worktrees.release({ mirror, runId: lease.runId });
}

/** They are kept by run: a newer lease's are not this one's to release. */
export async function releasePorts(deps: Dependencies, lease: LeaseRef): Promise<void> {
  if (await isCurrent(deps, lease)) await deps.ports.release({ runId: lease.runId });
}

async function isCurrent({ ledger }: Dependencies, lease: LeaseRef): Promise<boolean> {
  const current = await ledger.currentEpoch(lease.runId);
  return current !== undefined && isSameLease(current, lease);
}

/** A worker that stops, or whose heartbeats came late, has not been asked to: the run goes on, unless it was closed from outside. */
async function isGivenBack(deps: Dependencies, { workflowId, executionId, runId }: LeaseRef): Promise<boolean> {
  const details = Context.current().cancellationDetails;
  if (!details || details.cancelRequested) return true;
  if (details.workerShutdown) return false;
  try {
    const { status } = await deps.client.workflow.getHandle(workflowId, executionId).describe();
    if (!CLOSED.includes(status.name)) return false;
    // Beside it: workspace and slot do not wait for a tracker.
    void settleEnded(deps, runId).catch(unwritten('The end of a run that was ended from outside'));
    return true;
  } catch {
    // `belay clean` finds what closed runs left.
    return false;
  }
}

/** Another host has taken the run over with all its work: nobody comes back for this tree, and this home's ledger hears nothing of its end. */
async function isElsewhere(handover: Handover | undefined): Promise<boolean> {
  return (
    handover?.assertCurrent().then(
      () => false,
      (error: unknown) => error instanceof ApplicationFailure && error.type === 'lease_lost',
    ) ?? false
  );
}
