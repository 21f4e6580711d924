import { issueWorkflowId, repositorySlug } from '../contracts/repository.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { IssueEvent, IssueEventQuery } from '../github/issue-events.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Handled } from './deliveries.ts';
import type { StartRun, TriggeredRun } from './start-run.ts';

export interface IssueStartDependencies {
  ledger: Pick<Ledger, 'lastTrigger' | 'rememberTrigger' | 'issueRuns'>;
  start: StartRun;
  newestRequest: (query: Pick<IssueEventQuery, 'repository' | 'issueKey'>) => Promise<IssueEvent | undefined>;
}

export interface IssueStart {
  repository: RepositoryRef;
  issueKey: string;
  triggeredBy: string;
  source: TriggeredRun['source'];
}

/**
 * Starts a run because of an issue's label or assignee, once for each time that was set: the event on GitHub that asked for it is looked up
 * and remembered, so that it is the same whichever delivery, or poll, comes first or again.
 */
export async function startOfIssue(deps: IssueStartDependencies, wanted: IssueStart): Promise<Handled> {
  const { repository, issueKey } = wanted;
  const asked = await deps.newestRequest({ repository, issueKey });
  if (!asked) return { outcome: 'ignored', detail: 'the issue does not ask for it any more' };
  return startOnce(deps, wanted, asked);
}

/** The same for an event that is known. */
export async function startOnce(deps: IssueStartDependencies, wanted: IssueStart, asked: IssueEvent): Promise<Handled> {
  const { ledger } = deps;
  const issue = { repository: repositorySlug(wanted.repository), issueKey: wanted.issueKey };
  const remember = (runId?: string): Promise<boolean> =>
    ledger.rememberTrigger({ ...issue, event: asked.event, at: new Date().toISOString(), ...(runId ? { runId } : {}) });
  if ((await ledger.lastTrigger(issue))?.event === asked.event) return { outcome: 'ignored', detail: `${asked.event} has had its run` };
  // Somebody was quicker, by another way: what was asked for has been done.
  const [newest] = await ledger.issueRuns({ workflowId: issueWorkflowId(wanted.repository, wanted.issueKey) });
  if (newest && asked.at !== '' && Date.parse(newest.createdAt) >= Date.parse(asked.at)) {
    await remember(newest.id);
    return { outcome: 'ignored', detail: `run ${newest.id} has begun since ${asked.event}` };
  }
  const { joined, workflowId, runId } = await deps.start(wanted);
  // After the start: what a crash leaves between the two is started again, and joins what is open.
  await remember(runId);
  return { outcome: joined ? 'joined' : 'started', detail: runId ?? workflowId };
}
