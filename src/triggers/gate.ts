import { repositorySlug } from '../contracts/repository.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import type { MayWrite } from '../github/permission.ts';
import type { Subject } from './intent.ts';

export interface GateOptions {
  /** `owner/name`, or `owner/*` for all of an owner's that are no forks. */
  repositories: readonly string[];
  /** Logins of bots whose word counts. */
  bots: readonly string[];
  mayWrite: MayWrite;
}

/** Why somebody's event is not followed; undefined where it is. */
export type Gate = (subject: Omit<Subject, 'issueKey'>) => Promise<string | undefined>;

/** Who may have Belay work, and where. GitHub is asked last: most are turned away by what is known here. */
export function createGate({ repositories, bots, mayWrite }: GateOptions): Gate {
  return async ({ repository, isFork, actor }) => {
    const listed = listing(repositories, repository);
    if (!listed) return `${repositorySlug(repository)} is not in BELAY_REPOSITORIES`;
    if (isFork && listed !== 'by name') return `${repositorySlug(repository)} is a fork, and not in BELAY_REPOSITORIES by its name`;
    if (isBot(actor)) return isListed(bots, actor.login) ? undefined : `${actor.login} is a bot, and not in BELAY_TRIGGER_BOTS`;
    return (await mayWrite({ repository, login: actor.login }))
      ? undefined
      : `${actor.login} may not write to ${repositorySlug(repository)}`;
  };
}

/** Whether triggers may start anything in a repository, and whether it is named itself. */
export function listing(repositories: readonly string[], repository: RepositoryRef): 'by name' | 'by owner' | undefined {
  if (isListed(repositories, repositorySlug(repository))) return 'by name';
  return isListed(repositories, `${repository.owner}/*`) ? 'by owner' : undefined;
}

const isBot = ({ type, login }: Subject['actor']): boolean => type !== 'User' || login.endsWith('[bot]');

const isListed = (list: readonly string[], name: string): boolean => list.some((each) => each.toLowerCase() === name.toLowerCase());
