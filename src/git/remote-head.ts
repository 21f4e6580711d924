import { BelayError } from '../contracts/errors.ts';
import type { GitAccess } from './access.ts';
import { gitFailure } from './git-failure.ts';
import { uploadPack } from './local-remote.ts';
import { assertRefName } from './ref-names.ts';
import { placeOf } from './remote-git.ts';
import type { RemoteGit } from './remote-git.ts';

/** The default branch of a repository, and where it stands. */
export interface RemoteHead {
  branch: string;
  sha: string;
}

type Call = GitAccess & { signal?: AbortSignal | undefined };

/** Undefined where nothing has been committed. Throws base_not_found where the default branch is not there, or is no branch. */
export async function remoteHead(git: RemoteGit, access: Call): Promise<RemoteHead | undefined> {
  const { target, shas } = await listed(git, access);
  if (shas.size === 0) return undefined;
  const branch = target?.replace(/^refs\/heads\//, '');
  const sha = target === undefined ? undefined : shas.get(target);
  if (branch !== undefined && sha !== undefined) return { branch, sha };
  const place = placeOf(access.url);
  const others = [...shas.keys()].filter((name) => name.startsWith('refs/heads/')).map((name) => name.slice('refs/heads/'.length));
  throw new BelayError({
    code: 'base_not_found',
    message: `${place} has no default branch: its HEAD names no branch that is there`,
    hint: `Name one with --base${others.length > 0 ? ` (${others.slice(0, 5).join(', ')})` : ''}.`,
  });
}

/** The commit of a full ref name; null where there is none. */
export async function remoteSha(git: RemoteGit, { ref, ...access }: Call & { ref: string }): Promise<string | null> {
  return (await list(git, access, [], [ref])).shas.get(ref) ?? null;
}

/** Where branches of the remote are now, by their names; those that it does not have are not in the answer. Fetches nothing. */
export async function remoteHeads(
  git: RemoteGit,
  { branches, ...access }: Call & { branches: readonly string[] },
): Promise<Map<string, string>> {
  // A pattern also matches what ends like it.
  const { shas } = await list(
    git,
    access,
    [],
    branches.map((branch) => `refs/heads/${assertRefName(branch)}`),
  );
  return new Map(branches.flatMap((branch) => present(branch, shas.get(`refs/heads/${branch}`))));
}

/** The same for full names of refs. */
export async function remoteRefs(git: RemoteGit, { refs, ...access }: Call & { refs: readonly string[] }): Promise<Map<string, string>> {
  // Without a pattern git lists all.
  if (refs.length === 0) return new Map();
  const { shas } = await list(git, access, [], refs.map(assertRefName));
  return new Map(refs.flatMap((ref) => present(ref, shas.get(ref))));
}

const present = (branch: string, sha: string | undefined): [string, string][] => (sha === undefined ? [] : [[branch, sha]]);

const listed = (git: RemoteGit, access: Call) => list(git, access, ['--symref'], ['HEAD', 'refs/heads/*']);

async function list(git: RemoteGit, { signal, ...access }: Call, options: string[], patterns: string[]) {
  const answer = await git.attempt(access, (url) => ['ls-remote', ...options, ...uploadPack(url), '--', url, ...patterns], { signal });
  if (answer.exitCode !== 0) throw gitFailure({ args: answer.args, cwd: placeOf(access.url), answer });
  const lines = answer.stdout.split('\n').map((line) => line.split('\t') as [string, string | undefined]);
  const pointer = lines.find(([value, name]) => name === 'HEAD' && value.startsWith('ref: '));
  const shas = lines.flatMap(([value, name]) => (name !== undefined && !value.startsWith('ref: ') ? [[name, value] as const] : []));
  return { target: pointer?.[0].slice('ref: '.length), shas: new Map(shas) };
}
