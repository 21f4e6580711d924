import { log } from '@temporalio/workflow';
import { troubleOf } from './failures.ts';
import type { Run } from './run.ts';

/** What a run that has ended well left at the remote for other hosts is of no use any more; its work is published. */
export async function dropHandover(run: Run): Promise<void> {
  const { handover, view } = run.state;
  if (!handover || view.outcome === 'phase_done') return;
  const { repository, id: runId } = run.input;
  try {
    await run.orchestrator('drop handover').dropHandover({ repository, runId });
  } catch (error) {
    log.warn('What the run left at the remote could not be removed', { trouble: troubleOf(error) });
  }
}
