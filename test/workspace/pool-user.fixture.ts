/** Works in one tree after another, without end. Arguments: the home, and the commit to work on. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createMirrors } from '../../src/git/mirror.ts';
import { createWorktrees } from '../../src/workspace/worktree.ts';

const [home = '', commit = ''] = process.argv.slice(2);
const onProblem = (error: unknown): void => {
  throw error;
};
const mirror = await createMirrors({ home, env: process.env }).open({ forge: 'local', owner: 'acme', name: 'shop' });
const worktrees = createWorktrees({ home, pool: { size: 3, onProblem } });
for (let round = 0; ; round++) {
  const runId = `used${round % 2}`;
  const { path } = await worktrees.prepare({ mirror, runId, commit });
  await writeFile(join(path, 'a.txt'), `of round ${round}\n`);
  await mkdir(join(path, 'dist'), { recursive: true });
  await writeFile(join(path, 'dist/out'), 'built\n');
  await worktrees.release({ mirror, runId });
  if (round === 1) process.stdout.write('at work\n');
}
