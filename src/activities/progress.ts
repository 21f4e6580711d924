import type { CommentInput } from '../contracts/work.ts';
import { PROGRESS_MARKER, progressComment } from '../texts/progress-comment.ts';
import type { Dependencies } from './dependencies.ts';
import { artifactText } from './prompt-values.ts';

export function progressActivities(deps: Pick<Dependencies, 'client' | 'ledger' | 'files' | 'trackers'>) {
  return {
    /** Writes the one living comment of the issue. */
    async commentProgress({ issue, runId, trouble }: CommentInput): Promise<void> {
      const view = await deps.ledger.getRun(runId);
      const plan = view.plan ? await artifactText(deps, view.plan.artifactId) : undefined;
      const body = progressComment(view, { ...(plan ? { plan } : {}), ...(trouble ? { trouble } : {}) });
      await deps.trackers[issue.tracker].upsertComment({ issue, marker: PROGRESS_MARKER, body });
    },

    async requestCancel({ workflowId, executionId }: { workflowId: string; executionId: string }): Promise<void> {
      await deps.client.workflow.getHandle(workflowId, executionId).cancel();
    },
  };
}
