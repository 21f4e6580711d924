import { LRUCache } from 'lru-cache';
import { BelayError } from '../contracts/errors.ts';
import { repositorySlug } from '../contracts/repository.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { GitHubClient } from './client.ts';

export interface Person {
  repository: RepositoryRef;
  login: string;
}

/** Whether somebody may write to a repository, by GitHub's own word. */
export type MayWrite = (person: Person) => Promise<boolean>;

const MINUTE_MS = 60_000;
const MAX_KNOWN = 5000;
/** A role of an organisation's own has a name of its own: then the permission that it is made of tells. */
const WRITING = ['admin', 'maintain', 'write'];

/** Asks GitHub, and knows the answer for a minute. A question that failed is asked again. */
export function createMayWrite({ client, knownMs = MINUTE_MS }: { client: GitHubClient; knownMs?: number }): MayWrite {
  const known = new LRUCache<string, Promise<boolean>>({ max: MAX_KNOWN, ttl: knownMs });
  return async (person) => {
    const key = `${repositorySlug(person.repository)} ${person.login.toLowerCase()}`;
    const present = known.get(key);
    if (present) return present;
    const asked = ask(client, person);
    known.set(key, asked);
    try {
      return await asked;
    } catch (error) {
      known.delete(key);
      throw error;
    }
  };
}

async function ask(client: GitHubClient, { repository, login }: Person): Promise<boolean> {
  const what = { owner: repository.owner, repo: repository.name, username: login };
  const missing = { code: 'repository_not_found', what: `the account ${login}` } as const;
  try {
    return await client.call({ doing: `say what ${login} may do in ${repositorySlug(repository)}`, missing }, async (octokit) => {
      const { data } = await octokit.rest.repos.getCollaboratorPermissionLevel(what);
      return WRITING.includes(data.permission) || WRITING.includes(data.role_name);
    });
  } catch (error) {
    // Nobody there has heard of them.
    if (error instanceof BelayError && error.code === 'repository_not_found') return false;
    throw error;
  }
}
