import type { PullRequest, RepositoryRef } from '../contracts/repository.ts';

/** Where git and pull requests live. */
export interface Forge {
  readonly name: string;
  /** Where git finds the repository: an address or a path. Throws `BelayError` repository_not_found. */
  gitUrl(repository: RepositoryRef): Promise<string>;
  /** The newest pull request with this head branch, open ones first. */
  findPullRequest(input: { repository: RepositoryRef; branch: string }): Promise<PullRequest | undefined>;
  createPullRequest(input: NewPullRequest): Promise<PullRequest>;
  updatePullRequest(input: {
    repository: RepositoryRef;
    number: number;
    title: string;
    body: string;
    headSha: string;
  }): Promise<PullRequest>;
}

export interface NewPullRequest {
  repository: RepositoryRef;
  branch: string;
  base: string;
  title: string;
  body: string;
  headSha: string;
}
