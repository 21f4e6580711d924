import { CLOSED_STATUSES } from '../contracts/constants.ts';
import type { RunView } from '../contracts/run-view.ts';
import { buildTrace } from '../run-files/trace.ts';
import type { Dependencies } from './dependencies.ts';

export function recordActivities({ ledger, files }: Pick<Dependencies, 'ledger' | 'files'>) {
  return {
    /** Keeps the whole view; the trace file follows when the run rests. */
    async recordRun({ view }: { view: RunView }): Promise<void> {
      await ledger.recordRun(view);
      if (!CLOSED_STATUSES.includes(view.status) && view.status !== 'parked') return;
      const [steps, sessions] = await Promise.all([ledger.listSteps(view.id), ledger.listSessions(view.id)]);
      await files.writeTrace({ runId: view.id, trace: buildTrace({ view, steps, sessions }) });
    },
  };
}
