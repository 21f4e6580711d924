import type { PipelineName } from '../contracts/constants.ts';
import type { Issue, PullRequest, RepositoryRef } from '../contracts/repository.ts';
import { repositorySlug } from '../contracts/repository.ts';
import type { EarlierWork } from '../contracts/run-input.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { LocalForge } from '../forges/local.ts';
import type { Ledger } from '../ledger/ledger.ts';

export interface EarlierWorkRequest {
  repository: RepositoryRef;
  issue: Issue;
  pipeline: PipelineName;
}

/** A run that had a workspace. */
export type WorkedRun = RunView & { baseSha: string };

/** Pipelines that pick up what an earlier run of the issue left; the others only continue an open pull request. */
const PICKS_UP: readonly PipelineName[] = ['build', 'test', 'review', 'document', 'ship'];

/** What the issue's earlier runs left for a new one. An open pull request of theirs is continued, whichever of them opened it. */
export async function earlierWork(
  { ledger, forge }: { ledger: Ledger; forge: LocalForge },
  { repository, issue, pipeline }: EarlierWorkRequest,
): Promise<EarlierWork | undefined> {
  const runs = (await ledger.issueRuns({ repository: repositorySlug(repository), issueKey: issue.key })).filter(hasWorked);
  const pullRequests = await forge.listPullRequests({ repository });
  const opener = runs.find(({ branch }) => pullRequests.some((each) => each.branch === branch && each.state === 'open'));
  const picksUp = PICKS_UP.includes(pipeline);
  // A fresh start that was not brought to its end leaves the open pull request the issue's work.
  const run = opener ? runs.find((each) => each.branch === opener.branch || (picksUp && isCompletedPart(each))) : runs[0];
  if (!run) return undefined;
  const published = pullRequests.filter(({ branch }) => branch === run.branch);
  const open = published.find(({ state }) => state === 'open');
  if (!open && (!picksUp || published.length > 0)) return undefined;
  return workOf(run, open);
}

export const hasWorked = (run: RunView): run is WorkedRun => run.baseSha !== undefined;

const isCompletedPart = ({ outcome, branch }: RunView): boolean => outcome === 'phase_done' && branch === undefined;

function workOf({ id, baseSha, headSha, issueClass, plan, review }: WorkedRun, open: PullRequest | undefined): EarlierWork {
  return {
    runId: id,
    baseSha,
    ...(headSha && headSha !== baseSha ? { commit: headSha } : {}),
    ...(issueClass ? { issueClass } : {}),
    ...(plan ? { plan } : {}),
    ...(review ? { review } : {}),
    ...(open
      ? { branch: open.branch, pullRequest: { number: open.number, url: open.url, title: open.title }, branchHead: open.headSha }
      : {}),
    ...(open?.draft ? { draft: true } : {}),
  };
}
