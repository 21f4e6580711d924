import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere } from './files.ts';
import type { LeftReport } from './runner.ts';

/** Enough for a few hundred modules; a repository with more folders than this is read up to here. */
const MAX_FOLDERS = 5000;
const MAX_REPORTS = 5000;
/** Of all of them together, which are in memory at once. */
const MAX_CHARACTERS = 64 * 1024 * 1024;
const MAX_DEPTH = 12;
const NEVER_REPORTS = new Set(['.git', 'node_modules', '.venv', 'venv', 'site-packages', '.gradle', '.m2', 'vendor']);

/** Reports by their paths, with what changes when one is written. */
export type Stamps = Map<string, string>;

/** The reports in a folder. Links are not followed. */
export async function reportsIn(root: string, isReport: RegExp): Promise<Stamps> {
  const stamps: Stamps = new Map();
  let left = MAX_FOLDERS;
  // Folders near the root first: where there are too many, the deep ones are left out.
  for (let level = [''], depth = 0; level.length > 0 && depth < MAX_DEPTH && left > 0; depth++) {
    const folders = level.slice(0, left);
    left -= folders.length;
    const next: string[] = [];
    for (const folder of folders) {
      for (const entry of await entriesOf(join(root, folder))) {
        const path = folder ? `${folder}/${entry.name}` : entry.name;
        if (entry.isDirectory() && !NEVER_REPORTS.has(entry.name)) next.push(path);
        else if (entry.isFile() && isReport.test(path) && stamps.size < MAX_REPORTS) stamps.set(path, await stampOf(join(root, path)));
      }
    }
    level = next;
  }
  return stamps;
}

/** By what changes with every writing, not by age: clocks jump, and a file system's clock is not ours. */
async function stampOf(path: string): Promise<string> {
  const { mtimeNs, ctimeNs, ino, size } = await stat(path, { bigint: true });
  return [mtimeNs, ctimeNs, ino, size].join(' ');
}

interface Written {
  before: Stamps;
  after: Stamps;
  /** Whether an old report still tells of this run, as of a task that was up to date. */
  holds?: ((path: string) => boolean) | undefined;
}

/** The texts of the reports that were written since. */
export async function readReports(root: string, { before, after, holds }: Written): Promise<LeftReport[]> {
  const reports: LeftReport[] = [];
  let characters = 0;
  for (const path of [...after.keys()].toSorted()) {
    const text = before.get(path) !== after.get(path) || holds?.(path) ? await readIfThere(join(root, path)) : undefined;
    characters += text?.length ?? 0;
    if (characters > MAX_CHARACTERS) break;
    if (text !== undefined) reports.push({ path, text });
  }
  return reports;
}

/** A command under test may remove folders while we look. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EACCES' || error.code === 'ENOTDIR') return [];
    throw error;
  });
}
