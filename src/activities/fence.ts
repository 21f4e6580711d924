import { BelayError } from '../contracts/errors.ts';
import type { StepRef } from '../contracts/work.ts';
import type { Dependencies } from './dependencies.ts';
import type { Holding } from './holdings.ts';

/** The fence: an older lease, or another execution of the run, publishes nothing. */
export async function assertCurrent(
  { ledger }: Pick<Dependencies, 'ledger'>,
  { step }: { step: StepRef },
  { handover }: Pick<Holding, 'handover'>,
): Promise<void> {
  const { runId, epoch, executionId } = step.lease;
  const current = await ledger.currentEpoch(runId);
  // The ledger knows the leases of this home, the remote those of other hosts.
  if (current?.epoch === epoch && current.executionId === executionId) return handover?.assertCurrent();
  throw new BelayError({ code: 'lease_lost', message: `Lease ${epoch} of run ${runId} has passed to another.` });
}
