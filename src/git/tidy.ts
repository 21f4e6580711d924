import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { MirrorGit } from './mirror-git.ts';
import { whileLocked } from './repository-lock.ts';

/** Runs whose checkpoints are files of their own. Each costs every fetch some tenths of a millisecond; packing them takes about as long as one fetch. */
const MANY_RUNS = 100;

/**
 * Packs what ended runs have left in a mirror, once it is much: git reads every ref, and what it names, with every fetch. Nothing is deleted,
 * for a closed run can be opened and gone on from. Git may work in the mirror meanwhile.
 */
export async function tidyMirror(git: MirrorGit): Promise<void> {
  if (!(await isUntidy(git))) return;
  await whileLocked({ path: `${git.gitDir}.tidy.lock` }, async () => {
    if (!(await isUntidy(git))) return;
    // First the commits, then the names: who finds the names packed finds the commits packed too.
    await git.run(['maintenance', 'run', '--quiet', '--task=loose-objects']);
    await git.run(['pack-refs', '--all']);
  });
}

/** Of two weeks' age, so that nothing goes that a run, or its private index, has just made. */
export async function collectGarbage(git: MirrorGit): Promise<void> {
  await whileLocked({ path: `${git.gitDir}.tidy.lock` }, async () => {
    await git.run(['gc', '--quiet', '--no-cruft', '--prune=2.weeks.ago']);
  });
}

async function isUntidy({ gitDir }: MirrorGit): Promise<boolean> {
  return (await readdir(join(gitDir, 'refs', 'belay')).catch(() => [])).length >= MANY_RUNS;
}
