import { BelayError } from '../contracts/errors.ts';
import { repositorySlug } from '../contracts/repository.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { GitAccess } from '../git/access.ts';
import type { GitHubClient } from '../github/client.ts';
import type { Forge, RepositoryFacts } from './forge.ts';
import { createPullRequest, findPullRequest, updatePullRequest } from './github-pull-requests.ts';

export interface GitHubForgeOptions {
  client: GitHubClient;
  /** Where git is, with `{owner}` and `{repo}`. */
  gitUrl: string;
}

/** Pull requests on GitHub, and git over HTTPS with the token of its API. */
export function createGitHubForge({ client, gitUrl }: GitHubForgeOptions): Forge {
  return {
    name: 'github',
    gitAccess: (repository) => gitAccess(client, gitUrl, repository),
    describeRepository: (repository) => describe(client, repository),
    readFile: (file) => readFile(client, file),
    findPullRequest: (wanted) => findPullRequest(client, wanted),
    createPullRequest: (wanted) => createPullRequest(client, wanted),
    updatePullRequest: (change) => updatePullRequest(client, change),
  };
}

async function gitAccess(client: GitHubClient, template: string, { owner, name }: RepositoryRef): Promise<GitAccess> {
  const url = template.replaceAll('{owner}', encodeURIComponent(owner)).replaceAll('{repo}', encodeURIComponent(name));
  const password = await client.token({ owner, name });
  // GitHub takes any name beside a token; this one also goes with the tokens of apps.
  return password === undefined ? { url } : { url, credentials: { username: 'x-access-token', password } };
}

/** By its present name: GitHub sends on from former ones. */
async function describe(client: GitHubClient, repository: RepositoryRef): Promise<RepositoryFacts> {
  const slug = repositorySlug(repository);
  const asked = { doing: `look at ${slug}`, missing: { code: 'repository_not_found', what: `repository ${slug}` } } as const;
  const { data } = await client.call(asked, (octokit) => octokit.rest.repos.get({ owner: repository.owner, repo: repository.name }));
  const present = presentName(data.full_name);
  await assertWritable(client, present, data);
  return {
    repository: present,
    ...((await hasCommits(client, present, data.default_branch)) ? { defaultBranch: data.default_branch } : {}),
  };
}

function presentName(fullName: string): RepositoryRef {
  const [owner = '', name = ''] = fullName.toLowerCase().split('/');
  return { forge: 'github', owner, name };
}

interface Rights {
  archived: boolean;
  disabled: boolean;
  permissions?: { push?: boolean };
}

async function assertWritable(client: GitHubClient, repository: RepositoryRef, { archived, disabled, permissions }: Rights): Promise<void> {
  const { host, isApp } = client;
  const slug = repositorySlug(repository);
  const forbidden = (why: string, hint: string): BelayError =>
    new BelayError({ code: 'forge_forbidden', message: `Belay cannot work on ${slug} on ${host}: ${why}.`, hint });
  if (archived) throw forbidden('it is archived, and can only be read', 'Unarchive it in its settings.');
  if (disabled) throw forbidden('GitHub has disabled it', 'Its owner can ask GitHub for the reason.');
  if ((await client.token(repository)) === undefined) {
    throw new BelayError({
      code: 'forge_not_logged_in',
      message: `Belay cannot work on ${slug} on ${host}: there is no token.`,
      hint: 'Set GITHUB_TOKEN, or run `gh auth login`. docs/github.md has what the token needs.',
    });
  }
  // Of an app GitHub says this of nobody: the push itself tells.
  if (permissions?.push === false && !isApp)
    throw forbidden(
      'the token has no right to push to it',
      'Ask for the role "write" there, or use a token of somebody who has it; `belay doctor` looks at yours.',
    );
}

/** An empty repository has a default branch by name only. */
function hasCommits(client: GitHubClient, repository: RepositoryRef, branch: string): Promise<boolean> {
  return client.call({ doing: `look for the branch ${branch} of ${repositorySlug(repository)}` }, async (octokit) => {
    const asked = octokit.rest.repos.getBranch({ owner: repository.owner, repo: repository.name, branch });
    return await asked.then(() => true, unlessMissing(false));
  });
}

function readFile(client: GitHubClient, { repository, ref, path }: Parameters<Forge['readFile']>[0]): Promise<string | undefined> {
  const slug = repositorySlug(repository);
  return client.call({ doing: `read ${path} of ${slug} at ${ref}` }, async (octokit) => {
    const asked = octokit.rest.repos.getContent({ owner: repository.owner, repo: repository.name, path, ref });
    const content = await asked.then(({ data }) => data, unlessMissing(undefined));
    if (content === undefined || Array.isArray(content) || content.type !== 'file') return undefined;
    if (content.encoding === 'base64') return Buffer.from(content.content, 'base64').toString('utf8');
    throw new BelayError({
      code: 'forge_refused',
      message: `${path} of ${slug} is ${content.size} bytes large; ${client.host} hands out files of at most 1 MiB this way.`,
      hint: 'Make it smaller.',
    });
  });
}

/** Gives `value` where GitHub says that something is not there. */
function unlessMissing<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (error instanceof Error && 'status' in error && error.status === 404) return value;
    throw error;
  };
}
