import { execFile } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from './temporary-directory.ts';

const run = promisify(execFile);

/** The git of a person in a test: their own identity, no machine configuration, hooks and all. */
export async function git(cwd: string, ...args: string[]): Promise<string> {
  const env = {
    PATH: process.env['PATH'],
    HOME: cwd,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.test',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.test',
  };
  const { stdout } = await run('git', ['-c', 'init.defaultBranch=main', '-c', 'protocol.file.allow=always', ...args], {
    cwd,
    env,
    maxBuffer: 1 << 28,
  });
  return stdout.trimEnd();
}

/** Path to content; `{ link }` makes a symbolic link. */
export type Files = Record<string, string | { link: string }>;

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    if (typeof content === 'string') await writeFile(target, content);
    else await symlink(content.link, target);
  }
}

/** A checkout with the commands that tests need. */
export interface Checkout {
  readonly path: string;
  git(...args: string[]): Promise<string>;
  write(files: Files): Promise<void>;
  /** Writes, commits everything, and gives the commit's id. */
  commit(files: Files, message?: string): Promise<string>;
}

export function checkoutAt(path: string): Checkout {
  return {
    path,
    git: (...args) => git(path, ...args),
    write: (files) => writeFiles(path, files),
    async commit(files, message = 'Change something') {
      await writeFiles(path, files);
      await git(path, 'add', '--all');
      await git(path, 'commit', '--quiet', '--allow-empty', '--message', message);
      return git(path, 'rev-parse', 'HEAD');
    },
  };
}

export interface GitRemote extends AsyncDisposable {
  /** The bare repository; usable as an address. */
  readonly path: string;
  /** A folder that goes away with the remote. */
  readonly folder: string;
  git(...args: string[]): Promise<string>;
  /** Commits on `main` (or `branch`) and pushes; gives the commit's id. */
  commit(files: Files, options?: { branch?: string; message?: string }): Promise<string>;
  /** Undefined where there is no such branch. */
  sha(branch: string): Promise<string | undefined>;
  clone(name?: string): Promise<Checkout>;
}

/** A bare repository with a first commit on `main`. Without files: with none. */
export async function gitRemote({ files, name = 'remote.git' }: { files?: Files; name?: string } = {}): Promise<GitRemote> {
  const directory = await temporaryDirectory();
  const path = join(directory.path, name);
  await git(directory.path, 'init', '--quiet', '--bare', path);
  const author = join(directory.path, '.author');
  await git(directory.path, 'clone', '--quiet', path, author).catch(() => undefined);

  const remote: GitRemote = {
    path,
    folder: directory.path,
    git: (...args) => git(path, ...args),
    async commit(changes, { branch = 'main', message } = {}) {
      const known = await git(author, 'branch', '--list', branch);
      await git(author, 'checkout', '--quiet', ...(known === '' ? ['-B', branch] : [branch]));
      const sha = await checkoutAt(author).commit(changes, message);
      await git(author, 'push', '--quiet', '--force', 'origin', `HEAD:refs/heads/${branch}`);
      return sha;
    },
    sha: (branch) => git(path, 'rev-parse', '--verify', '--quiet', `refs/heads/${branch}`).catch(() => undefined),
    async clone(folder = 'clone') {
      await git(directory.path, 'clone', '--quiet', path, folder);
      return checkoutAt(join(directory.path, folder));
    },
    async [Symbol.asyncDispose]() {
      await rm(author, { recursive: true, force: true });
      await directory[Symbol.asyncDispose]();
    },
  };
  if (files) await remote.commit(files, { message: 'First commit' });
  return remote;
}
