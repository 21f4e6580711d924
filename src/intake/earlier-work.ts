import type { PipelineName } from '../contracts/constants.ts';
import { issueWorkflowId } from '../contracts/repository.ts';
import type { Issue, PullRequest, RepositoryRef } from '../contracts/repository.ts';
import type { EarlierWork } from '../contracts/run-input.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { Forge } from '../forges/forge.ts';
import type { Forges } from '../forges/forges.ts';
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

/** Newer ones tell what is open; each costs a question to the forge. */
const MAX_BRANCHES = 10;

/** What the issue's earlier runs left for a new one. An open pull request of theirs is continued, whichever of them opened it. */
export async function earlierWork(
  { ledger, forges }: { ledger: Ledger; forges: Forges },
  { repository, issue, pipeline }: EarlierWorkRequest,
): Promise<EarlierWork | undefined> {
  const runs = (await ledger.issueRuns({ workflowId: issueWorkflowId(repository, issue.key) })).filter(hasWorked);
  const pullRequests = await pullRequestsOf(forges[repository.forge], repository, runs);
  const opener = runs.find(({ branch }) => branch !== undefined && pullRequests.get(branch)?.state === 'open');
  const picksUp = PICKS_UP.includes(pipeline);
  // A fresh start that was not brought to its end leaves the open pull request the issue's work.
  const run = opener ? runs.find((each) => each.branch === opener.branch || (picksUp && isCompletedPart(each))) : runs[0];
  if (!run) return undefined;
  const published = run.branch === undefined ? undefined : pullRequests.get(run.branch);
  const open = published?.state === 'open' ? published : undefined;
  if (!open && (!picksUp || published)) return undefined;
  return workOf(run, open);
}

/** The pull request of each branch that these runs have published. */
async function pullRequestsOf(forge: Forge, repository: RepositoryRef, runs: readonly RunView[]): Promise<Map<string, PullRequest>> {
  const branches = new Set(runs.flatMap(({ branch }) => branch ?? []));
  const found = await Promise.all([...branches].slice(0, MAX_BRANCHES).map((branch) => forge.findPullRequest({ repository, branch })));
  return new Map(found.flatMap((pullRequest) => (pullRequest ? [[pullRequest.branch, pullRequest]] : [])));
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
