import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainLine } from '../contracts/text.ts';

/** More names than this tell nobody anything. */
const MAX_NAMES = 5;
/** Files of settings; what is larger is something else. */
const MAX_BYTES = 256 * 1024;

/** What a workspace has not, although its repository speaks of it: for the run's log, in words. */
export async function leftOut(path: string): Promise<string[]> {
  const [modules, attributes] = await Promise.all(['.gitmodules', '.gitattributes'].map((name) => textOf(join(path, name))));
  const submodules = [...(modules ?? '').matchAll(/^\s*path\s*=\s*(.+?)\s*$/gm)].map(([, name = '']) => plainLine(name, 100));
  const inLfs = [...(attributes ?? '').matchAll(/^\s*([^#\s]\S*)\s.*\bfilter=lfs\b/gm)].map(([, pattern = '']) => plainLine(pattern, 100));
  return [
    ...(submodules.length > 0 ? [`Submodules are left out, their folders are empty: ${some(submodules)}.`] : []),
    ...(inLfs.length > 0 ? [`Files in Git LFS are left as pointers, without their content: ${some(inLfs)}.`] : []),
  ];
}

/** Never through a symbolic link: it may lead out of the repository. */
async function textOf(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isFile() && found.size <= MAX_BYTES ? readFile(path, 'utf8') : undefined;
}

function some(names: string[]): string {
  const more = names.length - MAX_NAMES;
  return `${names.slice(0, MAX_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
