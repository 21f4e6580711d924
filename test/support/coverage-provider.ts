import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import v8 from '@vitest/coverage-v8';

/**
 * Vitest's V8 coverage, made safe for processes that tests kill: a child killed while it writes its coverage leaves half a file,
 * and one that outlives its test still writes while Vitest reads. The folder is moved away first, so that nobody writes to it any more.
 */
async function settle(folder: string): Promise<string | undefined> {
  const settled = `${folder}-settled`;
  const moved = await rename(folder, settled).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  if (!moved) return undefined;
  for (const file of await readdir(settled)) {
    if (!isJson(await readFile(join(settled, file), 'utf8'))) await rm(join(settled, file));
  }
  return settled;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const coverageProvider: typeof v8 = {
  ...v8,
  async takeCoverage(options) {
    const settled = this.extendedContextCoverageDir && (await settle(this.extendedContextCoverageDir));
    if (settled) this.extendedContextCoverageDir = settled;
    return await v8.takeCoverage?.call(this, options);
  },
};

export default coverageProvider;
