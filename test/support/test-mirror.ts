import { join } from 'node:path';
import { createMirrors } from '../../src/git/mirror.ts';
import type { Mirror, Mirrors } from '../../src/git/mirror.ts';
import { createWorktrees } from '../../src/workspace/worktree.ts';
import type { Worktrees } from '../../src/workspace/worktree.ts';
import { gitRemote } from './git-remote.ts';
import type { Files, GitRemote } from './git-remote.ts';

export interface TestMirror extends AsyncDisposable {
  home: string;
  remote: GitRemote;
  mirrors: Mirrors;
  mirror: Mirror;
  worktrees: Worktrees;
  /** Head of `main`, fetched. */
  base: string;
}

/** A home with the mirror of a real remote. */
export async function testMirror(files: Files = { 'a.txt': 'one\n' }): Promise<TestMirror> {
  const remote = await gitRemote({ files });
  const home = join(remote.folder, 'home of belay');
  const mirrors = createMirrors({ home, env: process.env });
  const mirror = await mirrors.open({ forge: 'local', owner: 'acme', name: 'shop' });
  const base = await mirror.fetchBranch({ url: remote.path, branch: 'main' });
  return {
    home,
    remote,
    mirrors,
    mirror,
    base,
    worktrees: createWorktrees({ home }),
    [Symbol.asyncDispose]: () => remote[Symbol.asyncDispose](),
  };
}
