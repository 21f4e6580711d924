import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Mirror } from '../git/mirror.ts';
import { replaceFile } from '../git/mirror-guard.ts';
import { INDEX_NAME } from './private-index.ts';
import { registrationPath } from './run-folders.ts';

export interface Place {
  mirror: Mirror;
  runId: string;
  /** Of the tree. */
  path: string;
}

export interface NewRegistration extends Place {
  commit: string;
  /** The private index that the tree's files agree with; it is moved. */
  index?: string | undefined;
}

/** Git's own mark of a worktree that is not ready. */
const UNFINISHED = 'locked';

/** Where registrations are put together, on the file system of those that are in use. */
export const unfinishedRegistrations = (gitDir: string): string => join(gitDir, 'belay-new');

/**
 * Makes a folder known to the mirror as `git worktree add --no-checkout --detach` does, which takes a process and refuses folders
 * with files. Comes before the folder, so that a killed process leaves nothing that nobody knows of, and is unfinished until
 * `finishRegistration`. Moved into place whole: git elsewhere fails on a half-written one.
 */
export async function createRegistration({ mirror: { gitDir }, runId, path, commit, index }: NewRegistration): Promise<void> {
  const draft = join(unfinishedRegistrations(gitDir), randomUUID());
  const registration = registrationPath({ gitDir, runId });
  await Promise.all([mkdir(draft, { recursive: true }), mkdir(dirname(registration), { recursive: true })]);
  const trees = await realpath(dirname(path));
  const files = { gitdir: join(trees, basename(path), '.git'), commondir: '../..', HEAD: commit, [UNFINISHED]: 'initializing' };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(draft, name), `${text}\n`)));
  if (index !== undefined) await rename(index, join(draft, INDEX_NAME));
  await rename(draft, registration);
}

/** Lets git find the registration from the tree. */
export async function linkTree({ mirror: { gitDir }, runId, path }: Place): Promise<void> {
  await replaceFile(join(path, '.git'), `gitdir: ${await realpath(registrationPath({ gitDir, runId }))}\n`);
}

/** The tree holds what its registration says. */
export async function finishRegistration({ mirror, runId }: Pick<Place, 'mirror' | 'runId'>): Promise<void> {
  await rm(join(registrationPath({ gitDir: mirror.gitDir, runId }), UNFINISHED), { force: true });
}

/** Out of git's sight at once, then gone. */
export async function removeRegistration({ mirror: { gitDir }, runId }: Pick<Place, 'mirror' | 'runId'>): Promise<void> {
  const drafts = unfinishedRegistrations(gitDir);
  const removed = join(drafts, randomUUID());
  await mkdir(drafts, { recursive: true });
  await rename(registrationPath({ gitDir, runId }), removed).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
  await rm(removed, { recursive: true, force: true });
}

/** `half`: something is there that is not wholly ours, or not finished. */
export async function registrationState({ mirror, runId, path }: Place): Promise<'missing' | 'whole' | 'half'> {
  const registration = registrationPath({ gitDir: mirror.gitDir, runId });
  const [tree, registered] = await Promise.all([lstat(path).catch(() => undefined), lstat(registration).catch(() => undefined)]);
  if (tree === undefined && registered === undefined) return 'missing';
  if (!tree?.isDirectory() || !registered?.isDirectory()) return 'half';
  const [toRegistration, toTree, toMirror] = await Promise.all([
    textOf(join(path, '.git')),
    textOf(join(registration, 'gitdir')),
    textOf(join(registration, 'commondir')),
  ]);
  // Git writes real paths; the home may be named through a link.
  const [realRegistration, realTree] = await Promise.all([realpath(registration), realpath(path)]);
  const linked = toRegistration === `gitdir: ${realRegistration}\n` && toTree === `${join(realTree, '.git')}\n` && toMirror === '../..\n';
  return linked && !(await isUnfinished(registration)) ? 'whole' : 'half';
}

/** Our index is written at the end of the first checkout. */
async function isUnfinished(registration: string): Promise<boolean> {
  const [index, mark] = await Promise.all([INDEX_NAME, UNFINISHED].map((name) => lstat(join(registration, name)).catch(() => undefined)));
  return index === undefined || mark !== undefined;
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
