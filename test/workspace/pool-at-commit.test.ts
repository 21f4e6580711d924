import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkoutAt, git } from '../support/git-remote.ts';
import { inode, pooling } from '../support/worktree-pool.ts';

test('a tree waits at the commit that it was made for, and the next run there writes no file', async () => {
  await using space = await pooling();
  const first = await space.prepare('run00001');
  await checkoutAt(first.path).write({ 'a.txt': 'two\n', 'new.txt': 'x\n' });
  await first.worktree.checkpoint({ message: 'Two' });
  const [entry = ''] = await space.release('run00001');
  const waiting = join(space.folder, entry, 'tree');
  expect((await readdir(waiting)).toSorted()).toEqual(['.gitignore', 'a.txt', 'src']);
  const before = await inode(join(waiting, 'a.txt'));
  const next = await space.prepare('run00002');
  expect(await inode(join(next.path, 'a.txt'))).toBe(before);
  expect(await git(next.path, 'status', '--porcelain', '--ignored')).toBe('');
  expect(await space.mirror.refSha('refs/belay/run00002/checkpoint')).toBe(space.base);
});

test('what somebody changes in a tree that waits does not reach the next run', async () => {
  await using space = await pooling();
  await space.prepare('run00001');
  const [entry = ''] = await space.release('run00001');
  const waiting = join(space.folder, entry, 'tree');
  await writeFile(join(waiting, 'a.txt'), 'bad\n');
  await rm(join(waiting, 'src'), { recursive: true });
  const { path } = await space.prepare('run00002');
  expect(await readFile(join(path, 'a.txt'), 'utf8')).toBe('one\n');
  expect(await git(path, 'status', '--porcelain', '--ignored')).toBe('');
});

test('of the trees that wait, a run is given the one at its commit', async () => {
  await using space = await pooling();
  await space.prepare('run00001');
  const commit = await space.remote.commit({ 'a.txt': 'three\n' });
  await space.mirror.fetchBranch({ url: space.remote.path, branch: 'main' });
  await space.prepare('run00002', commit);
  const [first = ''] = await space.release('run00001');
  const file = await inode(join(space.folder, first, 'tree/a.txt'));
  expect(await space.release('run00002')).toHaveLength(2);
  const { path } = await space.prepare('run00003');
  expect(await inode(join(path, 'a.txt'))).toBe(file);
});
