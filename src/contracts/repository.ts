/** A repository on a forge; owner and name in canonical lower case. */
export interface RepositoryRef {
  forge: 'local';
  owner: string;
  name: string;
}

/** A repository of the local forge by its `owner/name`. */
export function localRepository(slug: string): RepositoryRef {
  const [owner = '', name = ''] = slug.split('/');
  return { forge: 'local', owner, name };
}

/** `owner/name`. */
export const repositorySlug = ({ owner, name }: Pick<RepositoryRef, 'owner' | 'name'>): string => `${owner}/${name}`;

/** An issue in a tracker; keys are strings (`12`, `ABC-7`). */
export interface IssueRef {
  tracker: 'local';
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
  headSha: string;
}
