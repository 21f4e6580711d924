import { review as reviewSchema, pullRequestText } from '../contracts/agent-outputs.ts';
import type { PullRequest } from '../contracts/repository.ts';
import { plainLine } from '../contracts/text.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { OpenPullRequestInput, OpenPullRequestOutcome, PublishBranchInput, PublishBranchOutcome } from '../contracts/publishing.ts';
import { isUnfinished, withNotice } from '../texts/draft-notice.ts';
import { inert } from '../texts/inert.ts';
import { pullRequestBody } from '../texts/pull-request-body.ts';
import type { Dependencies } from './dependencies.ts';
import { performEffect } from './effects.ts';
import { assertCurrent } from './fence.ts';
import { createJournal, recordedStep } from './journal.ts';
import { keepDiff } from './keep-diff.ts';
import { artifactIfHere, artifactText } from './prompt-values.ts';
import { earlierRuns, viewOfRun } from './run-view.ts';
import { testNotes } from './test-notes.ts';
import { publishWork } from './push-work.ts';

export function publishActivities(deps: Dependencies) {
  return {
    /** Pushes the checked tree, or says what has moved meanwhile. Retry-safe: the same input makes the same commit, and a branch already there is fine. */
    async publishBranch(input: PublishBranchInput, cancelled: AbortSignal): Promise<PublishBranchOutcome> {
      return deps.holdings.use(input.step, cancelled, (holding, signal) =>
        recordedStep(deps, input.step, async () => {
          const value = await publishWork({ deps, holding, input, signal });
          if ('headSha' in value) await keepDiff(deps, holding, { step: input.step, from: input.base.sha, to: value.headSha });
          return { value, summary: saidOf(value) };
        }),
      );
    },

    /** Opens the pull request, or brings the one of this branch up to date. Retry-safe: found by head branch. */
    async openPullRequest(input: OpenPullRequestInput, cancelled: AbortSignal): Promise<OpenPullRequestOutcome> {
      const { step, repository, branch, base, headSha } = input;
      return deps.holdings.use(step, cancelled, (holding) =>
        recordedStep(deps, step, async () => {
          const forge = deps.forges[repository.forge];
          const view = await viewOfRun(deps, { runId: step.lease.runId, viewVersion: input.viewVersion });
          const notes = await testNotes(deps, holding, input.evidence);
          const { title, body } = await pullRequestOf(deps, view, { ...input, notes });
          await assertCurrent(deps, input, holding);
          const known = await forge.findPullRequest({ repository, branch });
          const { draft, reviewers, labels } = input;
          const wanted = { repository, title, body, headSha, ...(known?.number === input.pullRequest ? {} : { reviewers, labels }) };
          const effect = { name: 'pull-request', runId: step.lease.runId, on: branch, intent: headSha, receipt: numberOf } as const;
          const {
            number,
            url,
            notes: left = [],
          } = await performEffect(deps, effect, () =>
            known?.state === 'open'
              ? forge.updatePullRequest({ ...wanted, number: known.number, ...draftChange(known, draft) })
              : forge.createPullRequest({ ...wanted, branch, base, reviewers, labels, ...(draft ? { draft: true } : {}) }),
          );
          const journal = createJournal(deps, step);
          journal.line(`Pull request #${number}: ${url}`);
          for (const note of left) journal.line(note, 'warn');
          await journal.flush();
          return { value: { number, url, title }, summary: `#${number}` };
        }),
      );
    },
  };
}

function saidOf(outcome: PublishBranchOutcome): string {
  if ('over' in outcome) return outcome.over;
  if ('unchanged' in outcome) return 'nothing to publish';
  if ('moved' in outcome) return `${outcome.moved.name} has moved to ${outcome.moved.sha.slice(0, 12)}`;
  return `${outcome.branch} at ${outcome.headSha.slice(0, 12)}`;
}

/** A draft of Belay's own is made ready when the work is finished; one that a person made, or was asked for, is theirs. */
function draftChange(known: PullRequest, wanted: OpenPullRequestInput['draft']): { draft?: boolean } {
  if (wanted === 'unfinished') return known.draft ? {} : { draft: true };
  return wanted === undefined && known.draft && isUnfinished(known.body) ? { draft: false } : {};
}

const numberOf = ({ number }: PullRequest): string => `#${number}`;

async function pullRequestOf(
  deps: Dependencies,
  view: RunView,
  { title, issueArtifact, textArtifact, reviewArtifact, evidence, notice, notes }: OpenPullRequestInput & { notes: string[] },
) {
  const answer = await artifactIfHere(deps, textArtifact);
  const text = answer ? pullRequestText.parse(JSON.parse(answer)) : undefined;
  const review = reviewArtifact ? reviewSchema.parse(JSON.parse(await artifactText(deps, reviewArtifact))) : undefined;
  const asked = await artifactText(deps, issueArtifact);
  const body = pullRequestBody({
    view,
    asked,
    ...(text ? { done: text.body } : {}),
    ...(evidence ? { evidence } : {}),
    ...(review ? { review } : {}),
    notes,
    // What they cost is part of what the pull request cost.
    earlier: await earlierRuns(deps, view),
  });
  return { title: plainLine(inert(text?.title ?? title), 256), body: notice ? withNotice(body, notice) : body };
}
