import { BelayError } from '../contracts/errors.ts';
import type { IssueRef } from '../contracts/repository.ts';
import type { PublishBranchInput } from '../contracts/publishing.ts';
import type { Dependencies } from './dependencies.ts';

/** Why a person does not want this published any more, in words; undefined where nobody said so. */
export async function reasonToStop(
  { forges, trackers }: Pick<Dependencies, 'forges' | 'trackers'>,
  { issue, pullRequest, repository }: PublishBranchInput,
  branch: string,
): Promise<string | undefined> {
  const [state, present] = await Promise.all([
    issue && stateOf(trackers, issue),
    pullRequest === undefined ? undefined : forges[repository.forge].findPullRequest({ repository, branch }),
  ]);
  if (state === 'gone') return `Issue #${issue?.key} is gone: nothing was published.`;
  if (state === 'closed')
    return `Issue #${issue?.key} was closed meanwhile: nothing was published. Reopen it, then \`belay retry\` publishes the work.`;
  if (present === undefined || present.state === 'open') return undefined;
  return `Pull request #${present.number} was ${present.state} meanwhile: nothing more was published. \`belay retry\` opens a new one with the work.`;
}

async function stateOf(trackers: Dependencies['trackers'], issue: IssueRef): Promise<'open' | 'closed' | 'gone'> {
  try {
    return (await trackers[issue.tracker].getIssue(issue)).state;
  } catch (error) {
    if (!(error instanceof BelayError)) throw error;
    if (error.code === 'issue_not_found') return 'gone';
    // Its text was read when the run began: what became of that since does not stand against the finished work.
    if (error.class === 'fatal') return 'open';
    throw error;
  }
}
