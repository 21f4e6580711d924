import { setTimeout as sleep } from 'node:timers/promises';
import type { RunStatus } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { UpdateDraftInput } from '../contracts/publishing.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { IssueLabels } from '../contracts/run-state.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { CommentInput, IssueNow } from '../contracts/work.ts';
import { isUnfinished, stoppedNotice, withNotice } from '../texts/draft-notice.ts';
import { answerOf } from '../texts/comment-answer.ts';
import type { CommentAnswer } from '../texts/comment-answer.ts';
import { PROGRESS_MARKER, progressComment } from '../texts/progress-comment.ts';
import type { Dependencies } from './dependencies.ts';
import { performEffect } from './effects.ts';
import { recallRun } from './handover-record.ts';
import { issueNow } from './issue.ts';
import { artifactText, isArtifactHere } from './prompt-values.ts';
import { viewOfRun } from './run-view.ts';

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

/** A store that does not answer takes no more of the time that a comment has. */
const STORE_MS = 10_000;

type Deps = Pick<Dependencies, 'client' | 'ledger' | 'files' | 'forges' | 'trackers' | 'mirrors' | 'atEffect'>;

export function progressActivities(deps: Deps) {
  return {
    /** Writes the one living comment of the issue, and changes the labels that say how the run stands. */
    async commentProgress({ issue, runId, trouble, labels, viewVersion, look }: CommentInput): Promise<Pick<IssueNow, 'over'>> {
      const view = await viewOfRun(deps, { runId, viewVersion });
      const plan = await planOf(deps, view, issue.repository);
      const answer = await lastAnswer(deps, runId);
      const body = progressComment(view, { ...(plan ? { plan } : {}), ...(trouble ? { trouble } : {}), ...(answer ? { answer } : {}) });
      const tracker = deps.trackers[issue.tracker];
      const on = { runId, on: `#${issue.key}`, intent: view.status };
      await performEffect(deps, { name: 'comment', ...on, receipt: ({ id }) => id }, () =>
        tracker.upsertComment({ issue, marker: PROGRESS_MARKER, body }),
      );
      if (labels)
        await performEffect(deps, { name: 'labels', ...on }, () => tracker.changeLabels({ issue, ...labelsBy(view.status, labels) }));
      const { over } = look ? await issueNow(deps.trackers, issue) : {};
      return over ? { over } : {};
    },

    /** Says on the draft of a run why it is not finished. What is no draft of Belay's any more is left alone. */
    async updateDraft({ repository, runId, branch, trouble, viewVersion, close }: UpdateDraftInput): Promise<void> {
      const forge = deps.forges[repository.forge];
      const found = await forge.findPullRequest({ repository, branch });
      if (found?.state !== 'open' || !isUnfinished(found.body)) return;
      const { number, title, headSha } = found;
      const body = withNotice(found.body, stoppedNotice(await viewOfRun(deps, { runId, viewVersion }), trouble));
      const effect = { name: 'draft', runId, on: branch, intent: headSha } as const;
      const change = { repository, number, title, body, headSha, ...(close ? { state: 'closed' as const } : {}) };
      await performEffect(deps, effect, () => forge.updatePullRequest(change));
    },

    async requestCancel({ workflowId, executionId }: { workflowId: string; executionId: string }): Promise<void> {
      await deps.client.workflow.getHandle(workflowId, executionId).cancel();
    },
  };
}

/** What somebody was told who gave a command in a comment. Another host's ledger may not know, or be away: then the comment is short of it. */
async function lastAnswer({ ledger }: Deps, runId: string): Promise<CommentAnswer | undefined> {
  const comments = await ledger.listComments({ runId }).catch((error: unknown) => {
    if (error instanceof BelayError && error.code === 'ledger_unreachable') return [];
    throw error;
  });
  return comments.map(({ text, metadata }) => answerOf(text, metadata)).findLast((answer) => answer !== undefined);
}

/**
 * The plan for the comment. A host that has not worked on the run finds it in the store that hosts share, or else at the remote, among all
 * that was handed over; without it the comment is short of it, no more.
 */
async function planOf(deps: Deps, { id: runId, plan }: RunView, repository: RepositoryRef): Promise<string | undefined> {
  if (!plan) return undefined;
  if (await isArtifactHere(deps, plan.artifactId)) return artifactText(deps, plan.artifactId);
  const asked = deps.files.shared ? artifactText(deps, plan.artifactId).catch(() => undefined) : undefined;
  const stored = await (asked && Promise.race([asked, sleep(STORE_MS, undefined, { ref: false })]));
  if (stored !== undefined) return stored;
  try {
    const access = await deps.forges[repository.forge].gitAccess(repository);
    await recallRun(deps, { mirror: await deps.mirrors.open(repository), access, runId });
    return await artifactText(deps, plan.artifactId);
  } catch {
    return undefined;
  }
}
