import type { OpenPullRequestOutcome } from '../../contracts/publishing.ts';
import type { Run } from '../run.ts';
import { titleOf } from './push.ts';

interface PullRequestRequest {
  branch: string;
  headSha: string;
  textArtifact?: string;
  /** Why it is a draft until Belay says otherwise. */
  notice?: string;
  /** The run needs no workspace after this. */
  last: boolean;
}

/** Opens the run's pull request, or brings the one up to date that is open. */
export async function openPullRequest(
  run: Run,
  { branch, headSha, textArtifact, notice, last }: PullRequestRequest,
): Promise<OpenPullRequestOutcome> {
  const { evidence, issueArtifact, view } = run.state;
  const { from: baseSha, settings } = await run.position();
  const { draft, reviewers, labels } = settings.pullRequest;
  // The pull request tells what the ledger knows of the run.
  await run.record();
  const opened = await run.step(
    'open-pull-request',
    (host, step) =>
      host.openPullRequest({
        step,
        viewVersion: run.recorder.recorded,
        repository: run.input.repository,
        branch,
        base: view.base ?? baseSha,
        headSha,
        title: titleOf(run.input),
        issueArtifact: issueArtifact as string,
        reviewers,
        labels,
        ...(notice ? { draft: 'unfinished', notice } : draft === 'always' ? { draft } : {}),
        ...(view.pullRequest ? { pullRequest: view.pullRequest.number } : {}),
        ...(textArtifact ? { textArtifact } : {}),
        ...(evidence ? { evidence } : {}),
        ...(view.review ? { reviewArtifact: view.review.artifactId } : {}),
      }),
    { last },
  );
  view.pullRequest = opened;
  return opened;
}
