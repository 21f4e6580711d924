import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';

export interface ExecutableSearch {
  /** Like PATH. */
  path?: string | undefined;
  /** What relative paths start from. */
  cwd: string;
}

/** The program that `file` names, as a shell would find it; undefined if there is none that may be run. */
export function findExecutable(file: string, { path = '', cwd }: ExecutableSearch): string | undefined {
  if (file.includes('/')) return isExecutable(resolve(cwd, file)) ? resolve(cwd, file) : undefined;
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => resolve(cwd, folder, file)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Missing, or not ours to run: the next folder may have it.
    return false;
  }
}
