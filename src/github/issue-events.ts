import { repositorySlug } from '../contracts/repository.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { GitHubClient } from './client.ts';

/** What asks for an issue to be worked on. */
export interface IssueEvent {
  /** Names it for good: `labeled:123`; `opened` where the issue came into the world so. */
  event: string;
  /** ISO-8601 UTC, by GitHub's clock. */
  at: string;
  /** Who did it, where GitHub still knows. */
  actor?: EventActor;
}

interface EventActor {
  id: number;
  login: string;
  type: string;
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
  actor?: EventActor | null;
  /** Who assigned; `actor` may be the one who was. */
  assigner?: EventActor | null;
}

/** GitHub gives the oldest first, a hundred a page; an issue with more events than this is not looked through to its end. */
const MAX_PAGES = 30;

/** Sets, and takes back, what asks for a run. */
const SETS = ['labeled', 'assigned'];
const TAKES_BACK: Partial<Record<string, string>> = { unlabeled: 'labeled', unassigned: 'assigned' };

/**
 * The newest event by which an issue asks to be worked on: its label was set, or it was assigned. Undefined where that was taken back;
 * `opened` where nothing is known of either, for what an issue was opened with may have no event of its own.
 */
export async function newestRequest(client: GitHubClient, query: IssueEventQuery): Promise<IssueEvent | undefined> {
  const { repository, issueKey } = query;
  const what = `${repositorySlug(repository)}#${issueKey}`;
  const asked = { doing: `read the events of ${what}`, missing: { code: 'issue_not_found', what: `issue ${what}` } } as const;
  const address = { owner: repository.owner, repo: repository.name, issue_number: Number(issueKey) };
  return client.call(asked, async (octokit) => {
    const found: Answer[] = [];
    let pages = 0;
    for await (const { data } of octokit.paginate.iterator(octokit.rest.issues.listEvents, { ...address, per_page: 100 })) {
      found.push(...(data as Answer[]).filter((each) => isAboutRuns(each, query)));
      if (++pages === MAX_PAGES) break;
    }
    return found.length === 0 ? { event: 'opened', at: '' } : newestOf(found);
  });
}

function newestOf(events: readonly Answer[]): IssueEvent | undefined {
  const standing = new Map<string, Answer>();
  for (const each of events) {
    const { event = '' } = each;
    // Set again, it is the newest again.
    standing.delete(TAKES_BACK[event] ?? event);
    if (SETS.includes(event)) standing.set(event, each);
  }
  const newest = [...standing.values()].at(-1);
  if (!newest) return undefined;
  const { event, id, created_at: at = '' } = newest;
  const actor = event === 'assigned' ? newest.assigner : newest.actor;
  return { event: `${event}:${id}`, at, ...(actor ? { actor } : {}) };
}

function isAboutRuns({ event = '', label, assignee }: Answer, wanted: IssueEventQuery): boolean {
  const sets = TAKES_BACK[event] ?? event;
  if (sets === 'labeled') return label?.name?.toLowerCase() === wanted.label.toLowerCase();
  return sets === 'assigned' && wanted.assigneeId !== undefined && assignee?.id === wanted.assigneeId;
}
