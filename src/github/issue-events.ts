import { repositorySlug } from '../contracts/repository.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { GitHubClient } from './client.ts';

/** What had an issue worked on. */
export interface IssueEvent {
  /** Names it for good: `labeled:123`; `opened` where the issue came into the world so. */
  event: string;
  /** ISO-8601 UTC, by GitHub's clock. */
  at: string;
}

export interface IssueEventQuery {
  repository: RepositoryRef;
  issueKey: string;
  label: string;
  /** Whose assignment counts like the label. */
  assigneeId?: number | undefined;
}

interface Answer {
  id?: number;
  event?: string;
  created_at?: string;
  label?: { name?: string | null };
  assignee?: { id?: number } | null;
}

/** GitHub gives the oldest first, a hundred a page; an issue with more events than this is not looked through to its end. */
const MAX_PAGES = 30;

/** The newest event by which an issue asked to be worked on: its label was set, or it was assigned. */
export async function newestRequest(client: GitHubClient, query: IssueEventQuery): Promise<IssueEvent> {
  const { repository, issueKey } = query;
  const what = `${repositorySlug(repository)}#${issueKey}`;
  const asked = { doing: `read the events of ${what}`, missing: { code: 'issue_not_found', what: `issue ${what}` } } as const;
  const address = { owner: repository.owner, repo: repository.name, issue_number: Number(issueKey) };
  return client.call(asked, async (octokit) => {
    let newest: IssueEvent | undefined;
    let pages = 0;
    for await (const { data } of octokit.paginate.iterator(octokit.rest.issues.listEvents, { ...address, per_page: 100 })) {
      for (const each of data as Answer[])
        if (asksForRun(each, query)) newest = { event: `${each.event}:${each.id}`, at: each.created_at ?? '' };
      if (++pages === MAX_PAGES) break;
    }
    // Labels that an issue was opened with may have no event of their own.
    return newest ?? { event: 'opened', at: '' };
  });
}

function asksForRun({ event, label, assignee }: Answer, wanted: IssueEventQuery): boolean {
  if (event === 'labeled') return label?.name?.toLowerCase() === wanted.label.toLowerCase();
  return event === 'assigned' && wanted.assigneeId !== undefined && assignee?.id === wanted.assigneeId;
}
