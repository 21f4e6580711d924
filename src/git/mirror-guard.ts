import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const PLATFORM = process.platform === 'darwin' ? '\tignorecase = true\n\tprecomposeunicode = true\n' : '';

/** What Belay puts into workspaces and no commit takes in. */
export const EXCLUDED = '/.ports.env\n/.belay/\n.DS_Store\n';

/** The files of a mirror that decide how git behaves, as Belay writes them. */
const WRITTEN: Readonly<Record<string, string>> = {
  HEAD: 'ref: refs/heads/unborn\n',
  config: `[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n\tlogallrefupdates = false\n\tautocrlf = false\n${PLATFORM}[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n`,
  'info/exclude': EXCLUDED,
};

/** Files that Belay never writes and that would change what git reads or runs. */
const UNWANTED = [
  'hooks',
  'config.worktree',
  'info/attributes',
  'info/grafts',
  'info/sparse-checkout',
  'objects/info/alternates',
  'objects/info/http-alternates',
];

/**
 * Puts a mirror's configuration, hooks and attributes back to what Belay wrote. A linked worktree shares them, so that an agent,
 * or a tool such as husky, can change them. About 0.3 ms when nothing did.
 */
export const restoreMirror = (gitDir: string): Promise<void> => restoreGitDirectory({ gitDir, written: WRITTEN });

/** Leaves a git directory with these files, and without others that would change what git reads or runs. */
export async function restoreGitDirectory({
  gitDir,
  written,
}: {
  gitDir: string;
  written: Readonly<Record<string, string>>;
}): Promise<void> {
  await Promise.all(WRITTEN_INTO.map((name) => removeLink(join(gitDir, name))));
  const unwanted = UNWANTED.filter((name) => !(name in written));
  await Promise.all(unwanted.map((name) => rm(join(gitDir, name), { force: true, recursive: true })));
  await Promise.all(Object.entries(written).map(([name, content]) => restoreFile(join(gitDir, name), content)));
}

/** What is written below these must not land where a link leads. */
const WRITTEN_INTO = ['info', 'objects/info'];

async function removeLink(path: string): Promise<void> {
  if ((await lstat(path).catch(() => undefined))?.isSymbolicLink()) await rm(path);
}

async function restoreFile(path: string, content: string): Promise<void> {
  if ((await contentOf(path)) === content) return;
  if (await isFolder(path)) await rm(path, { recursive: true, force: true });
  await replaceFile(path, content);
}

async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function contentOf(path: string): Promise<string | undefined> {
  // Never through a symbolic link, which may be somebody's else file.
  const found = await lstat(path).catch(() => undefined);
  return found?.isFile() ? readFile(path, 'utf8').catch(() => undefined) : undefined;
}

/** By renaming, so that a symbolic link is replaced instead of written through, and no reader sees half a file. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(temporary, content, { flag: 'wx' });
  await rename(temporary, path);
}
