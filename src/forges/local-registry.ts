import { realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { BelayError } from '../contracts/errors.ts';
import { repositorySlug } from '../contracts/repository.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import { createFolder, exclusively, forgeRoot, isSafeName, listFolders } from '../documents/repository-folder.ts';

export interface Registration {
  /** Of a clone or a bare repository. */
  path: string;
  /** `local` unless said. */
  owner?: string;
  /** The folder's name unless said. */
  name?: string;
}

/** Finds the repository that stands for this real path, or gives it a free name. */
export async function registerRepository(home: string, { path, owner = 'local', name }: Registration): Promise<RepositoryRef> {
  const real = await realPath(path);
  return exclusively(forgeRoot(home), async () => {
    const folders = await listFolders(home);
    const known = folders.find(({ record }) => record.path === real);
    if (known) return known.repository;

    const taken = new Set(folders.map(({ repository }) => repositorySlug(repository)));
    const repository = freeRepository(canonical(owner), canonical(name ?? folderName(real)), taken);
    await createFolder(home, repository, { path: real, createdAt: new Date().toISOString(), lastNumber: 0 });
    return repository;
  });
}

function freeRepository(owner: string, name: string, taken: ReadonlySet<string>): RepositoryRef {
  for (let count = 1; ; count++) {
    const repository: RepositoryRef = { forge: 'local', owner, name: count === 1 ? name : `${name}-${count}` };
    if (!taken.has(repositorySlug(repository))) return repository;
  }
}

/** `shop` for `…/shop`, `…/shop.git` and `…/shop/.git`. */
function folderName(path: string): string {
  const own = basename(path);
  return own === '.git' ? basename(dirname(path)) : own;
}

const MAX_NAME_LENGTH = 80;

/** Lower case, safe as a folder's name and in an address. */
function canonical(name: string): string {
  const safe = name
    .normalize('NFKD')
    .replaceAll(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/\.git$/, '')
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
    .slice(0, MAX_NAME_LENGTH);
  return isSafeName(safe) ? safe : 'repository';
}

async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    throw new BelayError({
      code: 'repository_not_found',
      message: `There is no repository at ${path}.`,
      hint: 'Name the folder of a git repository.',
      cause,
    });
  }
}
