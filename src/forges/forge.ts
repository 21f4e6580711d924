import type { ForgeName } from '../contracts/repository.ts';
import type { PullRequest, RepositoryRef } from '../contracts/repository.ts';
import type { GitAccess } from '../git/access.ts';

/** What has to be known of a repository before a run begins there. */
export interface RepositoryFacts {
  /** By its present name: a forge may know an old one too. */
  repository: RepositoryRef;
  /** Undefined where nothing has been committed. */
  defaultBranch?: string;
}

/** Where git and pull requests live. */
export interface Forge {
  readonly name: ForgeName;
  /** How git reaches the repository; asked anew before each use, for credentials expire. Throws `BelayError` repository_not_found. */
  gitAccess(repository: RepositoryRef): Promise<GitAccess>;
  /** Throws `BelayError` repository_not_found, forge_forbidden (archived, or no right to write). */
  describeRepository(repository: RepositoryRef): Promise<RepositoryFacts>;
  /** A file of a branch or commit; undefined where there is none. */
  readFile(input: { repository: RepositoryRef; ref: string; path: string }): Promise<string | undefined>;
  /** The newest pull request with this head branch, open ones first. */
  findPullRequest(input: { repository: RepositoryRef; branch: string }): Promise<PullRequest | undefined>;
  /** The one of this branch that is open already, where there is one. Reviewers and labels that cannot be set are left out, and said. */
  createPullRequest(input: NewPullRequest): Promise<PullRequest>;
  updatePullRequest(input: PullRequestChange): Promise<PullRequest>;
}

export interface NewPullRequest {
  repository: RepositoryRef;
  branch: string;
  base: string;
  title: string;
  body: string;
  headSha: string;
  draft?: boolean;
  /** Names of people, or of teams as `team/<name>`. */
  reviewers?: string[];
  labels?: string[];
}

export interface PullRequestChange {
  repository: RepositoryRef;
  number: number;
  title: string;
  body: string;
  headSha: string;
  /** False: ready for review. Unset: as it is. */
  draft?: boolean;
  state?: 'open' | 'closed';
  /** Added to those that are there. */
  reviewers?: string[];
  labels?: string[];
}
