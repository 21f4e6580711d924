/** Where git and pull requests live; each is a tracker of issues too. */
export const FORGES = ['local', 'github'] as const;
export type ForgeName = (typeof FORGES)[number];
export const TRACKERS = ['local', 'github'] as const;
export type TrackerName = (typeof TRACKERS)[number];

/** A repository on a forge; owner and name in canonical lower case. */
export interface RepositoryRef {
  forge: ForgeName;
  owner: string;
  name: string;
}

/** A repository of the local forge by its `owner/name`. */
export function localRepository(slug: string): RepositoryRef {
  const [owner = '', name = ''] = slug.split('/');
  return { forge: 'local', owner, name };
}

/** The repository of a run: its workflow id begins with the forge. */
export function repositoryOfRun({ workflowId, repository }: { workflowId: string; repository: string }): RepositoryRef {
  const forge: ForgeName = workflowId.startsWith('github:') ? 'github' : 'local';
  return { ...localRepository(repository), forge };
}

/** `owner/name`. */
export const repositorySlug = ({ owner, name }: Pick<RepositoryRef, 'owner' | 'name'>): string => `${owner}/${name}`;

/** The same for every run of an issue, so that it cannot be worked on twice at once. */
export const issueWorkflowId = (repository: RepositoryRef, key: string): string =>
  `${repository.forge}:${repositorySlug(repository)}#${key}`;

/** An issue in a tracker; keys are strings (`12`, `ABC-7`). */
export interface IssueRef {
  tracker: TrackerName;
  repository: RepositoryRef;
  key: string;
}

export interface Issue extends IssueRef {
  title: string;
  /** Markdown as the author wrote it: data, never instructions to Belay. */
  body: string;
  url: string;
  labels: string[];
  state: 'open' | 'closed';
  /** Who wrote it, where the tracker knows. */
  author?: string;
  /** Oldest first, without Belay's own; bounded by the tracker. */
  comments?: IssueComment[];
  /** How many more there are. */
  commentsLeftOut?: number;
}

/** What somebody said on an issue. */
export interface IssueComment {
  author: string;
  /** What the author is to the repository, such as `member`; unset where the tracker does not know. */
  role?: string;
  body: string;
  /** ISO-8601 UTC. */
  createdAt: string;
}

export interface PullRequest {
  repository: RepositoryRef;
  number: number;
  /** Where a person can read it: an address, or a file's path on the local forge. */
  url: string;
  branch: string;
  base: string;
  title: string;
  body: string;
  state: 'open' | 'merged' | 'closed';
  draft?: boolean;
  headSha: string;
  /** What was asked for and could not be had, in words. */
  notes?: string[];
}
