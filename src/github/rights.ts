import { BelayError } from '../contracts/errors.ts';
import { repositorySlug } from '../contracts/repository.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { GitHubClient } from './client.ts';

/** What is known of a token without changing anything. */
export interface TokenRights {
  /** Whose it is; unknown for tokens of apps. */
  login?: string;
  /** Of a classic token. The permissions of others cannot be asked for. */
  scopes?: string[];
  /** What a run needs and the token is known not to have, in words. */
  lacks: string[];
}

/** Looks at whose the token is and what it may do; with a repository, by trying to read there what a run reads. */
export async function tokenRights(client: GitHubClient, repository?: RepositoryRef): Promise<TokenRights> {
  const { login, scopes } = await identity(client);
  const found = { ...(login === undefined ? {} : { login }), ...(scopes === undefined ? {} : { scopes }) };
  const missing = repository === undefined ? { isPrivate: false, lacks: [] } : await onRepository(client, repository);
  return { ...found, lacks: [...lackingScopes(scopes, missing.isPrivate), ...missing.lacks] };
}

async function identity(client: GitHubClient): Promise<{ login?: string; scopes?: string[] }> {
  if (client.isApp) return {};
  try {
    return await client.call({ doing: 'say whose token this is' }, async (octokit) => {
      const { data, headers } = await octokit.rest.users.getAuthenticated();
      const listed = headers['x-oauth-scopes'];
      const scopes = listed?.split(',').map((scope) => scope.trim());
      return { login: data.login, ...(scopes === undefined ? {} : { scopes: scopes.filter(Boolean) }) };
    });
  } catch (error) {
    // An app's token is nobody's.
    if (error instanceof BelayError && error.code === 'forge_forbidden') return {};
    throw error;
  }
}

/** `repo` is all that a run needs; `public_repo` is the same for public repositories. */
function lackingScopes(scopes: string[] | undefined, isPrivate: boolean): string[] {
  if (scopes === undefined || scopes.includes('repo') || (scopes.includes('public_repo') && !isPrivate)) return [];
  return ['the scope repo'];
}

async function onRepository(client: GitHubClient, repository: RepositoryRef): Promise<{ isPrivate: boolean; lacks: string[] }> {
  const slug = repositorySlug(repository);
  const place = { owner: repository.owner, repo: repository.name };
  const asked = { doing: `look at ${slug}`, missing: { code: 'repository_not_found', what: `repository ${slug}` } } as const;
  const sees = await granted(client.call(asked, async (octokit) => (await octokit.rest.repos.get(place)).data));
  if (sees === false) return { isPrivate: true, lacks: [`access to ${slug}`] };
  const tries = [
    { name: 'Contents', works: client.call(asked, (octokit) => octokit.rest.repos.listBranches({ ...place, per_page: 1 })) },
    { name: 'Pull requests', works: client.call(asked, (octokit) => octokit.rest.pulls.list({ ...place, per_page: 1 })) },
    ...(sees.has_issues
      ? [{ name: 'Issues', works: client.call(asked, (octokit) => octokit.rest.issues.listForRepo({ ...place, per_page: 1 })) }]
      : []),
  ];
  const unread = await Promise.all(
    tries.map(async ({ name, works }) => ((await granted<unknown>(works)) === false ? [`the permission ${name} on ${slug}`] : [])),
  );
  // Of an app GitHub says this of nobody.
  const push = sees.permissions?.push === false && !client.isApp ? [`the right to push to ${slug}`] : [];
  return { isPrivate: sees.private, lacks: [...push, ...unread.flat()] };
}

/** False where the token is refused; what else goes wrong is thrown. */
async function granted<Answer>(asked: Promise<Answer>): Promise<Answer | false> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof BelayError && ['forge_forbidden', 'repository_not_found'].includes(error.code)) return false;
    throw error;
  }
}
