import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { useHelper } from '../../src/git/helper.ts';
import { createMirrors } from '../../src/git/mirror.ts';
import { createWorktrees } from '../../src/workspace/worktree.ts';
import { interleaved, ratioRow, timed } from '../measure.ts';
import type { Bench, Row } from '../measure.ts';
import { createRepository } from '../repository.ts';

const execute = promisify(execFile);

const SIZES = [
  { files: 5000, cold: 1.1, pooled: 0.25, pairs: 9 },
  { files: 50_000, cold: 1.1, pooled: 0.15, pairs: 3 },
];

const throwIt = (error: unknown): void => {
  throw error;
};

/** A workspace that is made, and one that an earlier run gave back. */
export const workspace: Bench = async ({ folder, pairs, full }) => {
  // As in a worker.
  await using _helper = await useHelper();
  const rows: Row[] = [];
  for (const { files, cold, pooled, pairs: enough } of SIZES)
    rows.push(
      ...(await sized({ folder: join(folder, String(files)), files, pairs: full ? pairs : Math.min(pairs, enough), cold, pooled })),
    );
  return rows;
};

interface Sized {
  folder: string;
  files: number;
  pairs: number;
  cold: number;
  pooled: number;
}

async function sized({ folder, files, pairs, cold, pooled }: Sized): Promise<Row[]> {
  await mkdir(folder, { recursive: true });
  const repository = await createRepository(folder, files);
  const home = join(folder, 'home');
  const mirror = await createMirrors({ home, env: process.env }).open({ forge: 'local', owner: 'a', name: 'b' });
  const commit = await mirror.fetchBranch({ url: repository, branch: 'main' });
  const bare = join(folder, 'bare.git');
  await execute('git', ['clone', '--quiet', '--bare', '--no-local', repository, bare]);
  const git = (...args: string[]) => execute('git', [`--git-dir=${bare}`, 'worktree', ...args]);

  async function baseline(): Promise<number> {
    const tree = join(folder, 'tree');
    const took = await timed(() => git('add', '--quiet', '--detach', tree, commit));
    await rm(tree, { recursive: true });
    await git('prune');
    return took;
  }

  async function measure(what: string, atMost: number, pool: boolean): Promise<Row> {
    const worktrees = createWorktrees({ home, ...(pool ? { pool: { size: 1, onProblem: throwIt } } : {}) });
    const name = `workspace ${what}, ${files} files`;
    const measured = await interleaved({
      name,
      count: pairs,
      baseline,
      subject: async (round) => {
        const run = { mirror, runId: `run${round}` };
        const took = await timed(() => worktrees.prepare({ ...run, commit }));
        // Runs last longer than a second: until then git does not trust the times of files.
        if (round === 0) await sleep(1100);
        await worktrees.release(run);
        await worktrees.settled();
        return took;
      },
    });
    return ratioRow({ measure: name, against: '`git worktree add`', atMost, ...measured });
  }

  return [await measure('cold', cold, false), await measure('from the pool', pooled, true)];
}
