import type { TrackerName } from '../contracts/repository.ts';
import type { Issue, IssueRef, RepositoryRef } from '../contracts/repository.ts';

export interface Comment {
  id: string;
  body: string;
  url: string;
}

/** Where issues live. */
export interface Tracker {
  readonly name: TrackerName;
  /** With what people said below it only where asked for. Throws `BelayError` issue_not_found, naming what was looked for and where. */
  getIssue(ref: IssueRef & { withComments?: true }): Promise<Issue>;
  listIssues(input: { repository: RepositoryRef; state?: 'open' | 'closed' }): Promise<Issue[]>;
  createIssue(input: { repository: RepositoryRef; title: string; body: string; labels?: string[] }): Promise<Issue>;
  /** Writes the comment that carries this marker, or replaces its text: one living comment, however often it is called. */
  upsertComment(input: { issue: IssueRef; marker: string; body: string }): Promise<Comment>;
  closeIssue(ref: IssueRef): Promise<void>;
  addLabels(input: { issue: IssueRef; labels: string[] }): Promise<void>;
}
