import type { TrackerName } from '../contracts/repository.ts';
import type { Issue, IssueRef, RepositoryRef } from '../contracts/repository.ts';

export interface Comment {
  id: string;
  body: string;
  url: string;
}

export interface LabelChange {
  issue: IssueRef;
  add?: string[];
  remove?: string[];
}

/** Which of these have to be added and removed, where an issue has labels already; the removed are named as they are there. */
export function labelsToChange(present: readonly string[], { add = [], remove = [] }: LabelChange): { add: string[]; remove: string[] } {
  const wanted = new Set(add.map(folded));
  const unwanted = new Set(remove.map(folded).filter((name) => !wanted.has(name)));
  const known = new Set(present.map(folded));
  return { add: add.filter((name) => !known.has(folded(name))), remove: present.filter((name) => unwanted.has(folded(name))) };
}

const folded = (name: string): string => name.toLowerCase();

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
  /** Labels that are there already, or not there any more, are fine. Names are one whatever their case. */
  changeLabels(input: LabelChange): Promise<void>;
}
