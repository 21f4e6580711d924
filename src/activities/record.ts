import { CLOSED_STATUSES } from '../contracts/constants.ts';
import { addSpending } from '../contracts/spending.ts';
import type { RecordInput, RecordOutcome } from '../contracts/work.ts';
import { buildTrace } from '../run-files/trace.ts';
import type { Dependencies } from './dependencies.ts';
import { untoldSpending } from './untold-spending.ts';

export function recordActivities({ ledger, files, notifier }: Pick<Dependencies, 'ledger' | 'files' | 'notifier'>) {
  const notices = notifier && notifier.events.length > 0 ? { notices: [...notifier.events] } : {};
  return {
    /** Keeps the whole view and new versions. When the run rests, what nobody could tell it of its cost is added, and the trace file written. */
    async recordRun({ view, versions }: RecordInput): Promise<RecordOutcome> {
      if (versions) await ledger.recordVersions(view.id, versions);
      const rests = CLOSED_STATUSES.includes(view.status) || view.status === 'parked';
      if (!rests) {
        await ledger.recordRun(view);
        return notices;
      }
      const [steps, sessions] = await Promise.all([ledger.listSteps(view.id), ledger.listSessions(view.id)]);
      const untold = untoldSpending(view, steps, sessions);
      for (const spending of untold) addSpending(view, spending);
      await ledger.recordRun(view);
      await files.writeTrace({ runId: view.id, trace: buildTrace({ view, steps, sessions }) });
      return { ...(untold.length > 0 ? { untold } : {}), ...notices };
    },
  };
}
