import { realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { BelayError } from '../contracts/errors.ts';
import { gitFailure } from './git-failure.ts';
import type { GitEnvironment } from './git-environment.ts';
import { hardenedGit } from './hardened-git.ts';
import type { HardenedGit } from './hardened-git.ts';
import { assertRefName } from './ref-names.ts';

/** What intake needs to know about a repository that a user names by path. */
export interface UserRepository {
  /** The real path of the checkout's top level, or of the bare repository. */
  root: string;
  head: { branch?: string; sha: string };
  /** Uncommitted changes or untracked files. */
  dirty: boolean;
  bare: boolean;
}

// Nothing that the repository names is run here, so that its owner does not matter.
const ANY_OWNER = ['safe.directory=*'];

/** Reads, never writes, and runs nothing that the repository names. Throws not_a_repository, empty_repository. */
export async function inspectRepository(path: string, { env = {} }: { env?: GitEnvironment } = {}): Promise<UserRepository> {
  const folder = await existingFolder(path);
  const { root, bare } = await discover({ git: hardenedGit({ cwd: folder, env, config: ANY_OWNER }), folder });
  const git = hardenedGit({ cwd: root, env, config: ANY_OWNER });
  const head = await readHead(git, root);
  return { root, head, bare, dirty: !bare && (await isDirty({ git, root, env })) };
}

/** Throws base_not_found (or invalid_input, where it is no name) unless the repository has the branch. */
export async function requireBranch({ root }: Pick<UserRepository, 'root'>, branch: string): Promise<void> {
  const git = hardenedGit({ cwd: root, env: {}, config: ANY_OWNER });
  const found = await git.attempt(['rev-parse', '--verify', '--quiet', '--end-of-options', `refs/heads/${assertRefName(branch)}^{commit}`]);
  if (found.exitCode === 0) return;
  throw new BelayError({
    code: 'base_not_found',
    message: `There is no branch ${branch} in ${root}`,
    hint: `See what there is with: git -C '${root}' branch`,
  });
}

/** A file of a branch or commit of a user's repository; undefined where there is none. */
export async function readCommitted({ root, ref, path }: { root: string; ref: string; path: string }): Promise<string | undefined> {
  const git = hardenedGit({ cwd: root, env: {}, config: ANY_OWNER });
  const isCommit = /^[0-9a-f]{40}$/.test(ref);
  // A tag may have the branch's name, and git would take that.
  const answer = await git.attempt(['cat-file', 'blob', `${isCommit ? ref : `refs/heads/${assertRefName(ref)}`}:${path}`]);
  return answer.exitCode === 0 ? answer.stdout : undefined;
}

/** Where `origin` of a user's repository is; undefined where there is none. */
export async function originAddress(root: string): Promise<string | undefined> {
  const answer = await hardenedGit({ cwd: root, env: {}, config: ANY_OWNER }).attempt(['config', '--get', 'remote.origin.url']);
  return answer.exitCode === 0 ? answer.stdout.trim() : undefined;
}

async function existingFolder(path: string): Promise<string> {
  const folder = await realpath(path).catch((error: unknown) => {
    throw new BelayError({
      code: 'not_a_repository',
      message: `${path} does not exist`,
      hint: 'Give the path of a folder inside a git repository.',
      cause: error,
    });
  });
  if ((await stat(folder)).isDirectory()) return folder;
  throw new BelayError({
    code: 'not_a_repository',
    message: `${path} is a file, not a git repository`,
    hint: 'Give the path of a folder inside a git repository.',
  });
}

async function discover({ git, folder }: { git: HardenedGit; folder: string }): Promise<{ root: string; bare: boolean }> {
  const args = ['rev-parse', '--is-bare-repository', '--is-inside-work-tree', '--absolute-git-dir'];
  const answer = await git.attempt(args);
  if (answer.exitCode !== 0) {
    if (!answer.stderr.includes('not a git repository')) throw gitFailure({ args, cwd: folder, answer });
    throw new BelayError({
      code: 'not_a_repository',
      message: `${folder} is not inside a git repository`,
      hint: `Go to your repository, or name it with --repo. To make one here: git -C '${folder}' init && git add -A && git commit -m 'First commit'`,
    });
  }
  // A path may hold line breaks: only the last answer is one.
  const [bare, inside, ...rest] = answer.stdout.replace(/\n$/, '').split('\n');
  const gitDir = rest.join('\n');
  if (inside === 'true') return { root: await realpath((await git.run(['rev-parse', '--show-toplevel'])).replace(/\n$/, '')), bare: false };
  const isBare = bare === 'true' || basename(gitDir) !== '.git';
  return { root: await realpath(isBare ? gitDir : dirname(gitDir)), bare: isBare };
}

async function readHead(git: HardenedGit, root: string): Promise<UserRepository['head']> {
  const [branch, commit] = await Promise.all([
    git.attempt(['symbolic-ref', '--quiet', '--short', 'HEAD']),
    git.attempt(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']),
  ]);
  const name = branch.stdout.trim();
  if (commit.exitCode !== 0) throw await withoutCommits({ git, root, branch: name });
  return { sha: commit.stdout.trim(), ...(name !== '' && { branch: name }) };
}

async function withoutCommits({ git, root, branch }: { git: HardenedGit; root: string; branch: string }): Promise<BelayError> {
  const others = (await git.run(['for-each-ref', '--count=5', '--format=%(refname:short)', 'refs/heads/'])).trim().split('\n').join(', ');
  if (others !== '') {
    return new BelayError({
      code: 'empty_repository',
      message: `${root} stands on ${branch || 'a commit that is missing'}, which has no commit`,
      hint: `Check out a branch that has commits (${others}).`,
    });
  }
  return new BelayError({
    code: 'empty_repository',
    message: `${root} has no commits yet`,
    hint: `Make a first one: git -C '${root}' add -A && git -C '${root}' commit --allow-empty -m 'First commit'`,
  });
}

async function isDirty({ git, root, env }: { git: HardenedGit; root: string; env: GitEnvironment }): Promise<boolean> {
  const quiet = hardenedGit({ cwd: root, env, config: ANY_OWNER, extraEnv: await withoutFilters(git) });
  // One byte is enough to know.
  const answer = await quiet.attempt(['status', '--porcelain', '--untracked-files=normal', '--ignore-submodules=all'], { maxBytes: 1 });
  return answer.stdout !== '';
}

/** Filters are programs that the repository's configuration names; status would run them. Names may hold any character, hence by environment. */
async function withoutFilters(git: HardenedGit): Promise<Record<string, string>> {
  const listed = await git.attempt(['config', '--null', '--name-only', '--get-regexp', String.raw`^filter\..*\.(clean|process|required)$`]);
  const names = listed.stdout.split('\0').filter((name) => name !== '');
  const settings = names.flatMap((name, index) => [
    [`GIT_CONFIG_KEY_${index}`, name],
    [`GIT_CONFIG_VALUE_${index}`, name.endsWith('.required') ? 'false' : ''],
  ]);
  return { GIT_CONFIG_COUNT: String(names.length), ...(Object.fromEntries(settings) as Record<string, string>) };
}
