import { BelayError } from '../contracts/errors.ts';
import { repositorySlug } from '../contracts/repository.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import type { Forges } from '../forges/forges.ts';
import type { UserRepository } from '../git/user-repository.ts';
import { inspectRepository, originAddress, requireBranch } from '../git/user-repository.ts';
import { gitHubRepository } from './repository-name.ts';
import type { Target } from './target.ts';

export interface PlaceRequest {
  target: Target;
  /** A path, or the name or address of a repository on GitHub; the working directory unless the target names a repository. */
  repository?: string;
  /** The repository itself, where the caller knows it: no name has to be read. */
  ref?: RepositoryRef;
  workingDirectory: string;
  base?: string;
}

export interface PlaceDependencies {
  forges: Forges;
  gitHub: GitHubIntake;
}

export interface GitHubIntake {
  /** Of its web pages, such as `github.com`. */
  host: string;
  /** Whether there is a token: without one nothing can be published there. */
  loggedIn(): Promise<boolean>;
}

/** Where a run works, and what it starts from. */
export interface Place {
  repository: RepositoryRef;
  /** The branch that the work is based on. */
  base?: string;
  /** The commit, where it is known before the run begins. */
  baseSha?: string;
  /** Where the settings of the base are read before the run begins. */
  settingsRef: string;
  /** For people: what was decided, and what was left out. */
  notes: string[];
}

/** Finds the repository that a request is about, and its base. Throws what tells a person why there is none. */
export async function placeOf(deps: PlaceDependencies, request: PlaceRequest): Promise<Place> {
  const { target, repository: named, ref } = request;
  const known = ref ?? (named === undefined ? namedBy(target) : await onGitHub(deps, named));
  if (known) return known.forge === 'local' ? localPlace(deps, request, known) : remotePlace(deps, request, known);
  const checkout = await inspectRepository(named ?? request.workingDirectory);
  const origin = target.kind === 'issue' ? await originOf(deps, checkout) : undefined;
  if (origin) return remotePlace(deps, request, origin);
  return checkoutPlace(request, checkout, await deps.forges.local.register({ path: checkout.root }));
}

const namedBy = (target: Target): RepositoryRef | undefined => (target.kind === 'issue' ? target.repository : undefined);

/** A name on GitHub that is no folder here. */
async function onGitHub({ gitHub }: PlaceDependencies, named: string): Promise<RepositoryRef | undefined> {
  const repository = gitHubRepository(named, gitHub);
  if (!repository || /^[a-z]+:|@/i.test(named)) return repository;
  const isFolder = await inspectRepository(named).then(
    () => true,
    () => false,
  );
  return isFolder ? undefined : repository;
}

/** The issues of a clone are those of its origin, where Belay may work there. */
async function originOf({ gitHub }: PlaceDependencies, { root }: UserRepository): Promise<RepositoryRef | undefined> {
  const address = await originAddress(root);
  // A path such as `team/shop` is no name on GitHub here: git takes it for a folder.
  const repository = address !== undefined && /[:@]/.test(address) ? gitHubRepository(address, gitHub) : undefined;
  return repository !== undefined && (await gitHub.loggedIn()) ? repository : undefined;
}

async function localPlace({ forges }: PlaceDependencies, request: PlaceRequest, repository: RepositoryRef): Promise<Place> {
  const { url } = await forges.local.gitAccess(repository);
  return checkoutPlace(request, await inspectRepository(url), repository);
}

async function checkoutPlace({ base: wanted }: PlaceRequest, checkout: UserRepository, repository: RepositoryRef): Promise<Place> {
  if (wanted !== undefined) await requireBranch(checkout, wanted);
  const { head, root, dirty } = checkout;
  const base = wanted ?? head.branch;
  const notes = [
    ...(base ? [] : [`${root} is on no branch: the work is based on commit ${head.sha.slice(0, 12)}.`]),
    ...(dirty ? [`Uncommitted changes in ${root} are left out: the work is based on the last commit${base ? ` of ${base}` : ''}.`] : []),
  ];
  // A named branch is looked up when the run begins.
  const baseSha = wanted === undefined ? head.sha : undefined;
  return {
    repository,
    notes,
    settingsRef: wanted ?? head.sha,
    ...withoutUndefined({ base, baseSha }),
  };
}

/** Tokens, lists and the ledger know a repository by `owner/name` alone: an owner elsewhere of that name would be let in here. */
function requireTold({ forge, owner, name }: RepositoryRef): void {
  if (forge === 'local' || owner !== 'local') return;
  throw new BelayError({
    code: 'invalid_input',
    message: `Belay does not work for the owner local on GitHub: local/${name} is what it calls a repository of this machine.`,
    hint: 'Move the repository to another owner.',
  });
}

async function remotePlace({ forges }: PlaceDependencies, { base: wanted }: PlaceRequest, asked: RepositoryRef): Promise<Place> {
  requireTold(asked);
  const { repository, defaultBranch } = await forges[asked.forge].describeRepository(asked);
  requireTold(repository);
  const base = wanted ?? defaultBranch;
  if (base === undefined) {
    throw new BelayError({
      code: 'empty_repository',
      message: `${repositorySlug(repository)} has no commits yet.`,
      hint: 'Push a first commit to its default branch.',
    });
  }
  const renamed =
    repositorySlug(asked) === repositorySlug(repository) ? [] : [`${repositorySlug(asked)} is ${repositorySlug(repository)} now.`];
  return { repository, base, settingsRef: base, notes: renamed };
}
