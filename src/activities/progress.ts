import type { RunStatus } from '../contracts/constants.ts';
import type { UpdateDraftInput } from '../contracts/publishing.ts';
import type { IssueLabels } from '../contracts/run-state.ts';
import type { CommentInput, IssueNow } from '../contracts/work.ts';
import { isUnfinished, stoppedNotice, withNotice } from '../texts/draft-notice.ts';
import { PROGRESS_MARKER, progressComment } from '../texts/progress-comment.ts';
import type { Dependencies } from './dependencies.ts';
import { issueNow } from './issue.ts';
import { artifactText } from './prompt-values.ts';

/** Of a run that ended badly the comment says more than a label could. */
const SHOWN_AS: Record<RunStatus, keyof IssueLabels | undefined> = {
  pending: 'running',
  running: 'running',
  waiting: 'running',
  parked: 'parked',
  completed: 'completed',
  failed: undefined,
  cancelled: undefined,
  timed_out: undefined,
};

function labelsBy(status: RunStatus, labels: IssueLabels): { add: string[]; remove: string[] } {
  const shown = SHOWN_AS[status];
  const label = shown && labels[shown];
  return { add: label ? [label] : [], remove: Object.values(labels) };
}

export function progressActivities(deps: Pick<Dependencies, 'client' | 'ledger' | 'files' | 'forges' | 'trackers'>) {
  return {
    /** Writes the one living comment of the issue, and changes the labels that say how the run stands. */
    async commentProgress({ issue, runId, trouble, labels, look }: CommentInput): Promise<Pick<IssueNow, 'over'>> {
      const view = await deps.ledger.getRun(runId);
      const plan = view.plan ? await artifactText(deps, view.plan.artifactId) : undefined;
      const body = progressComment(view, { ...(plan ? { plan } : {}), ...(trouble ? { trouble } : {}) });
      await deps.trackers[issue.tracker].upsertComment({ issue, marker: PROGRESS_MARKER, body });
      if (labels) await deps.trackers[issue.tracker].changeLabels({ issue, ...labelsBy(view.status, labels) });
      const { over } = look ? await issueNow(deps.trackers, issue) : {};
      return over ? { over } : {};
    },

    /** Says on the draft of a run why it is not finished. What is no draft of Belay's any more is left alone. */
    async updateDraft({ repository, runId, branch, trouble, close }: UpdateDraftInput): Promise<void> {
      const forge = deps.forges[repository.forge];
      const found = await forge.findPullRequest({ repository, branch });
      if (found?.state !== 'open' || !isUnfinished(found.body)) return;
      const { number, title, headSha } = found;
      const body = withNotice(found.body, stoppedNotice(await deps.ledger.getRun(runId), trouble));
      await forge.updatePullRequest({ repository, number, title, body, headSha, ...(close ? { state: 'closed' } : {}) });
    },

    async requestCancel({ workflowId, executionId }: { workflowId: string; executionId: string }): Promise<void> {
      await deps.client.workflow.getHandle(workflowId, executionId).cancel();
    },
  };
}
