import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { useHelper } from '../../src/git/helper.ts';
import { createMirrors } from '../../src/git/mirror.ts';
import { createWorktrees } from '../../src/workspace/worktree.ts';
import { interleaved, ratioRow, timed } from '../measure.ts';
import type { Bench } from '../measure.ts';
import { createRepository } from '../repository.ts';

const execute = promisify(execFile);
const AT_ONCE = 64;
const FILES = 500;
const ids = Array.from({ length: AT_ONCE }, (_, at) => `run${String(at).padStart(5, '0')}`);

/** Many workspaces of one repository at the same time, each after a fetch of its own. */
export const parallel: Bench = async ({ folder, pairs }) => {
  await using _helper = await useHelper();
  const repository = await createRepository(folder, FILES);
  const bare = join(folder, 'bare.git');
  await execute('git', ['clone', '--quiet', '--bare', '--no-local', repository, bare]);
  const home = join(folder, 'home');
  const mirror = await createMirrors({ home, env: process.env }).open({ forge: 'local', owner: 'a', name: 'b' });
  const worktrees = createWorktrees({ home });

  async function baseline(): Promise<number> {
    // Without the lock most of them fail.
    const locked = (...args: string[]) => execute('flock', [`${bare}.lock`, 'git', `--git-dir=${bare}`, ...args]);
    const trees = ids.map((id) => join(folder, 'trees', id));
    const one = async (tree: string): Promise<void> => {
      await locked('fetch', '--quiet', repository, 'main');
      await locked('worktree', 'add', '--quiet', '--detach', tree, 'main');
    };
    const took = await timed(() => Promise.all(trees.map(one)));
    await rm(join(folder, 'trees'), { recursive: true });
    await locked('worktree', 'prune');
    return took;
  }

  async function subject(): Promise<number> {
    const one = async (runId: string): Promise<void> => {
      const commit = await mirror.fetchBranch({ url: repository, branch: 'main' });
      await worktrees.prepare({ mirror, runId, commit });
    };
    const took = await timed(() => Promise.all(ids.map(one)));
    for (const runId of ids) await worktrees.remove({ mirror, runId });
    return took;
  }

  const measure = `${AT_ONCE} workspaces at once while fetching, ${FILES} files`;
  const measured = await interleaved({ name: measure, count: pairs, baseline, subject });
  return [ratioRow({ measure, against: 'fetch and `git worktree add`, one lock', atMost: 1.2, ...measured })];
};
