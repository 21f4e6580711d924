import { repositorySlug } from '../contracts/repository.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { GitHubClient } from './client.ts';

/** An open issue that carries the label. */
export interface LabelledIssue {
  key: string;
  /** ISO-8601 UTC; later when anything about it has changed. */
  updatedAt: string;
  author?: { id: number; login: string; type: string };
}

/** More at once are for the next look: by then these have runs. */
const MAX_LISTED = 500;

/** The oldest first. Asked again, GitHub is only asked whether anything has changed. */
export async function labelledIssues(
  client: GitHubClient,
  { repository, label }: { repository: RepositoryRef; label: string },
): Promise<LabelledIssue[]> {
  const slug = repositorySlug(repository);
  const asked = { doing: `list the issues of ${slug}`, missing: { code: 'repository_not_found', what: `repository ${slug}` } } as const;
  const wanted = { state: 'open', labels: label, sort: 'created', direction: 'asc', per_page: 100 } as const;
  return client.call(asked, async (octokit) => {
    const found: LabelledIssue[] = [];
    const place = { owner: repository.owner, repo: repository.name };
    for await (const { data } of octokit.paginate.iterator(octokit.rest.issues.listForRepo, { ...place, ...wanted })) {
      for (const { number, pull_request: isPull, updated_at: updatedAt, user } of data) {
        if (isPull) continue;
        const author = user ? { id: user.id, login: user.login, type: user.type } : undefined;
        found.push({ key: String(number), updatedAt, ...(author ? { author } : {}) });
      }
      if (found.length >= MAX_LISTED) break;
    }
    return found;
  });
}
