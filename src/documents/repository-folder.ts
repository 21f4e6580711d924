import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { BelayError } from '../contracts/errors.ts';
import { repositorySlug } from '../contracts/repository.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import { acquireLock, LockBusyError } from '../process/exclusive-lock.ts';
import type { Lock } from '../process/exclusive-lock.ts';
import { listNumbered, readNames, readYaml } from './files.ts';
import { formatYaml } from './front-matter.ts';

/** Longer than any change takes; a holder that dies releases at once. */
const LOCK_WAIT_MS = 30_000;

const repositoryRecord = z.looseObject({
  /** The real path of git: a bare repository or any clone. */
  path: z.string().min(1),
  createdAt: z.string(),
  /** The highest number ever given, so that a deleted issue's number is not given again. */
  lastNumber: z.int().min(0).default(0),
});
export type RepositoryRecord = z.infer<typeof repositoryRecord>;

type DocumentKind = 'issues' | 'pulls';

/** A repository's issues and pull requests: `<home>/forge/<owner>/<name>/`. */
export interface RepositoryFolder {
  readonly home: string;
  readonly repository: RepositoryRef;
  readonly path: string;
  readonly record: RepositoryRecord;
}

export const forgeRoot = (home: string): string => join(home, 'forge');

const SAFE_NAME = /^[a-z0-9_][a-z0-9._-]{0,99}$/;

export function isSafeName(name: string): boolean {
  return SAFE_NAME.test(name);
}

/** The folder of a registered repository. Throws `BelayError` repository_not_found. */
export async function openFolder({ home, repository }: { home: string; repository: RepositoryRef }): Promise<RepositoryFolder> {
  const safe = isSafeName(repository.owner) && isSafeName(repository.name);
  // A name from outside may hold `..`; it is never made into a path.
  const path = join(forgeRoot(home), repository.owner, repository.name);
  const record = safe ? await readYaml(join(path, 'repository.yml'), repositoryRecord) : undefined;
  if (record) return { home, repository, path, record };
  throw new BelayError({
    code: 'repository_not_found',
    message: `The local forge in ${forgeRoot(home)} knows no repository ${repositorySlug(repository)}.`,
    hint: 'Name its path, such as `--repo ../my-project`: that registers it.',
  });
}

/** All registered repositories. */
export async function listFolders(home: string): Promise<RepositoryFolder[]> {
  const folders: RepositoryFolder[] = [];
  for (const owner of (await readNames(forgeRoot(home))).filter(isSafeName)) {
    for (const name of (await readNames(join(forgeRoot(home), owner))).filter(isSafeName)) {
      const path = join(forgeRoot(home), owner, name);
      const record = await readYaml(join(path, 'repository.yml'), repositoryRecord);
      if (record) folders.push({ home, repository: { forge: 'local', owner, name }, path, record });
    }
  }
  return folders;
}

/** Writes the record of a new repository. The caller holds the forge's lock. */
export async function createFolder(home: string, repository: RepositoryRef, record: RepositoryRecord): Promise<void> {
  const path = join(forgeRoot(home), repository.owner, repository.name);
  await mkdir(path, { recursive: true });
  await writeRecord(path, record);
}

/** Runs a change of the folder at `path` while no other process changes it. */
export async function exclusively<T>(path: string, change: () => Promise<T>): Promise<T> {
  await mkdir(path, { recursive: true });
  using _lock = await lockFolder(path);
  return await change();
}

async function lockFolder(path: string): Promise<Lock> {
  try {
    return await acquireLock({ path: join(path, '.lock'), waitMs: LOCK_WAIT_MS });
  } catch (error) {
    if (!(error instanceof LockBusyError)) throw error;
    throw new BelayError({
      code: 'home_locked',
      message: `${error.message}.`,
      hint: 'Wait for that process or end it, then try again.',
      cause: error,
    });
  }
}

export function documentPath(folder: RepositoryFolder, kind: DocumentKind, number: number | string): string {
  return join(folder.path, kind, `${number}.md`);
}

export async function listDocuments(folder: RepositoryFolder, kind: DocumentKind): Promise<{ number: number; path: string }[]> {
  return listNumbered(join(folder.path, kind));
}

/** Takes the next number, shared by issues and pull requests. The caller holds the folder's lock. */
export async function nextDocument(folder: RepositoryFolder, kind: DocumentKind): Promise<{ number: number; path: string }> {
  // Read again under the lock; and people may have added files by hand.
  const { record } = await openFolder(folder);
  const taken = [...(await listDocuments(folder, 'issues')), ...(await listDocuments(folder, 'pulls'))];
  const number = Math.max(record.lastNumber, ...taken.map((document) => document.number)) + 1;
  // First the number, then the document: a crash in between leaves a gap, never the same number twice.
  await writeRecord(folder.path, { ...record, lastNumber: number });
  const path = documentPath(folder, kind, number);
  await mkdir(dirname(path), { recursive: true });
  return { number, path };
}

async function writeRecord(path: string, record: RepositoryRecord): Promise<void> {
  await writeFileAtomic(join(path, 'repository.yml'), formatYaml(record));
}
