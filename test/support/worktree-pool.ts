import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createWorktrees } from '../../src/workspace/worktree.ts';
import type { Worktrees } from '../../src/workspace/worktree.ts';
import type { Files } from './git-remote.ts';
import { testMirror } from './test-mirror.ts';

export const FILES: Files = { 'a.txt': 'one\n', 'src/b.txt': 'b\n', '.gitignore': 'dist/\n*.log\n' };

/** A mirror whose released worktrees are kept. Background failures fail the test where it settles. */
export async function pooling({ files = FILES, size = 3 }: { files?: Files; size?: number } = {}) {
  const setup = await testMirror(files);
  const problems: unknown[] = [];
  const open = (): Worktrees => createWorktrees({ home: setup.home, pool: { size, onProblem: (error) => problems.push(error) } });
  const worktrees = open();
  const folder = join(setup.home, 'pool', 'local', 'acme', 'shop');
  const kept = async (): Promise<string[]> => {
    await worktrees.settled();
    expect(problems).toEqual([]);
    return readdir(folder);
  };
  const prepare = (runId: string, commit = setup.base) => worktrees.prepare({ mirror: setup.mirror, runId, commit });
  const release = async (runId: string): Promise<string[]> => {
    await worktrees.release({ mirror: setup.mirror, runId });
    return kept();
  };
  return { ...setup, worktrees, open, folder, problems, kept, prepare, release };
}

export const inode = async (path: string): Promise<number> => (await stat(path)).ino;
