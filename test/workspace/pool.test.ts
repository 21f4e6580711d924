import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, readdir, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { findLeftovers, removeLeftovers } from '../../src/workspace/janitor.ts';
import { checkoutAt, git } from '../support/git-remote.ts';
import { FILES, inode, pooling } from '../support/worktree-pool.ts';

test('a run works in the tree of an earlier one, on its own commit, with nothing of the other', async () => {
  await using space = await pooling();
  const { prepare, release, mirror, remote, home } = space;
  const first = await prepare('run00001');
  await checkoutAt(first.path).write({
    'a.txt': 'two\n',
    'new.txt': 'x\n',
    'dist/out.js': 'x\n',
    '.ports.env': 'PORT=1\n',
    'x.log': 'x\n',
  });
  await first.worktree.checkpoint({ message: 'Two' });
  await checkoutAt(first.path).write({ 'later/untracked.txt': 'x\n', 'src/b.txt': 'changed\n' });
  await mkdir(join(first.path, 'empty'));
  expect(await release('run00001')).toHaveLength(1);
  expect(await readdir(join(home, 'trees'))).toEqual([]);
  expect(await readdir(join(mirror.gitDir, 'worktrees'))).toEqual([]);
  const commit = await remote.commit({ 'a.txt': 'three\n' });
  await mirror.fetchBranch({ url: remote.path, branch: 'main' });
  const second = await prepare('run00002', commit);
  expect(second.state).toBe('new');
  expect(await readdir(second.path, { recursive: true })).toEqual(
    expect.arrayContaining(['.git', '.gitignore', 'a.txt', 'src', 'src/b.txt']),
  );
  expect(await readdir(second.path)).toHaveLength(4);
  expect(await readFile(join(second.path, 'a.txt'), 'utf8')).toBe('three\n');
  expect(await readFile(join(second.path, 'src/b.txt'), 'utf8')).toBe('b\n');
  expect(await git(second.path, 'status', '--porcelain=v2', '--branch', '--ignored')).toBe(
    `# branch.oid ${commit}\n# branch.head (detached)`,
  );
  expect(await second.worktree.checkpoint({ message: 'Nothing' })).toMatchObject({ sha: commit, changed: false });
});

test('a tree that cannot be cleaned is deleted, and that is said', async () => {
  await using space = await pooling();
  await space.prepare('run00001');
  await writeFile(join(space.mirror.gitDir, 'worktrees/run00001/belay-index'), 'no index at all');
  await space.worktrees.release({ mirror: space.mirror, runId: 'run00001' });
  await space.worktrees.settled();
  expect(space.problems).toHaveLength(1);
  expect(await readdir(space.folder)).toEqual([]);
});

test('files that are the same are not written again', async () => {
  await using space = await pooling();
  const first = await space.prepare('run00001');
  const before = await inode(join(first.path, 'src/b.txt'));
  await space.release('run00001');
  const { path } = await space.prepare('run00002');
  expect(await inode(join(path, 'src/b.txt'))).toBe(before);
  expect(await space.kept()).toEqual([]);
});

test('a change that keeps size and time does not reach the next run', async () => {
  await using space = await pooling();
  const { path } = await space.prepare('run00001');
  const { atime, mtime } = await stat(join(path, 'a.txt'));
  await writeFile(join(path, 'a.txt'), 'bad\n');
  await utimes(join(path, 'a.txt'), atime, mtime);
  await space.release('run00001');
  const next = await space.prepare('run00002');
  expect(await readFile(join(next.path, 'a.txt'), 'utf8')).toBe('one\n');
});

test('what an agent configured for git is gone with its run', async () => {
  await using space = await pooling();
  const { prepare, release, mirror } = space;
  const { path } = await prepare('run00001');
  const registration = join(mirror.gitDir, 'worktrees', 'run00001');
  await writeFile(join(registration, 'config.worktree'), '[core]\n\tfsmonitor = /bin/false\n');
  await mkdir(join(registration, 'info'));
  await writeFile(join(registration, 'info/sparse-checkout'), '/src\n');
  await git(path, 'update-index', '--skip-worktree', 'a.txt');
  await git(path, 'checkout', '--quiet', '-b', 'mine');
  await writeFile(join(registration, 'MERGE_HEAD'), `${space.base}\n`);
  await release('run00001');
  const next = await prepare('run00002');
  expect((await readdir(join(mirror.gitDir, 'worktrees', 'run00002'))).toSorted()).toEqual([
    'HEAD',
    'belay-index',
    'commondir',
    'gitdir',
    'index',
  ]);
  expect(await git(next.path, 'ls-files', '-v')).toBe('H .gitignore\nH a.txt\nH src/b.txt');
});

const SPOILED: Record<string, (input: { path: string; registration: string }) => Promise<unknown>> = {
  'with a repository beside tracked files': ({ path }) => git(join(path, 'src'), 'init', '--quiet'),
  'with a flag in the private index': ({ path, registration }) =>
    git(path, `--git-dir=${registration}`, 'config', 'core.bare', 'false').then(async () => {
      await rename(join(registration, 'belay-index'), join(registration, 'index'));
      await git(path, 'update-index', '--skip-worktree', 'a.txt');
      await rename(join(registration, 'index'), join(registration, 'belay-index'));
    }),
  'whose .git file leads elsewhere': ({ path }) => writeFile(join(path, '.git'), 'gitdir: /elsewhere\n'),
  'whose .git file is a repository': async ({ path }) => {
    await rename(join(path, '.git'), join(path, '.was'));
    await git(path, 'init', '--quiet');
  },
  'that was never finished': ({ registration }) => writeFile(join(registration, 'locked'), 'initializing\n'),
};

test.each(Object.keys(SPOILED))('a tree %s is deleted instead of kept', async (name) => {
  await using space = await pooling();
  const { prepare, release, mirror } = space;
  const { path } = await prepare('run00001');
  await SPOILED[name]?.({ path, registration: join(mirror.gitDir, 'worktrees', 'run00001') });
  expect(await release('run00001')).toEqual([]);
  expect((await prepare('run00002')).state).toBe('new');
});

test('a folder without permissions is deleted with its tree', async () => {
  await using space = await pooling();
  const { path } = await space.prepare('run00001');
  await mkdir(join(path, 'dist/closed'), { recursive: true });
  await writeFile(join(path, 'dist/closed/x'), 'x');
  await chmod(join(path, 'dist/closed'), 0o500);
  await space.worktrees.release({ mirror: space.mirror, runId: 'run00001' });
  await space.worktrees.settled();
  const next = await space.prepare('run00002');
  expect(await readdir(next.path)).not.toContain('dist');
});

test('keeps as many trees as it may, the newest', async () => {
  await using space = await pooling({ size: 2 });
  const ids = ['run00001', 'run00002', 'run00003'];
  for (const id of ids) await space.prepare(id);
  for (const id of ids) await space.release(id);
  expect(await space.kept()).toHaveLength(2);
});

test('gives each tree to one of many that want it, in whatever process', async () => {
  await using space = await pooling();
  const { mirror, base, prepare, release, open } = space;
  for (const id of ['old00001', 'old00002', 'old00003']) await prepare(id);
  for (const id of ['old00001', 'old00002', 'old00003']) await release(id);
  const other = open();
  const ids = Array.from({ length: 8 }, (_, index) => `new0000${index}`);
  const prepared = await Promise.all(
    ids.map((runId, index) => (index % 2 ? other : space.worktrees).prepare({ mirror, runId, commit: base })),
  );
  const files = await Promise.all(prepared.map(({ path }) => inode(join(path, 'a.txt'))));
  expect(new Set(files).size).toBe(8);
  for (const { path } of prepared) expect(await git(path, 'status', '--porcelain', '--ignored')).toBe('');
  expect(await space.kept()).toEqual([]);
});

test('a tree that cannot be brought to the commit is replaced by a new one', async () => {
  await using space = await pooling();
  await space.prepare('run00001');
  const [entry = ''] = await space.release('run00001');
  await writeFile(join(space.folder, entry, 'index'), 'garbage');
  const { path, state } = await space.prepare('run00002');
  expect({ state, status: await git(path, 'status', '--porcelain') }).toEqual({ state: 'new', status: '' });
  expect(await space.kept()).toEqual([]);
});

test('what a killed process left half-made is swept away, and what is ready stays', async () => {
  await using space = await pooling();
  await space.prepare('run00001');
  const ready = await space.release('run00001');
  await mkdir(join(space.folder, '.half-0000/tree'), { recursive: true });
  await mkdir(join(space.mirror.gitDir, 'belay-new/draft'));
  await space.open().sweep([space.mirror]);
  expect(await readdir(space.folder)).toEqual(ready);
  expect(await readdir(space.mirror.gitDir)).not.toContain('belay-new');
});

test('a tree whose taking was interrupted is made anew, not taken for the run’s own', async () => {
  await using space = await pooling();
  const { prepare, release, mirror, worktrees, base } = space;
  const { worktree, path } = await prepare('run00001');
  await writeFile(join(path, 'a.txt'), 'work\n');
  const { sha } = await worktree.checkpoint({ message: 'Work' });
  await release('run00001');
  // As a kill before the checkout leaves it: another run's content, registered, with its index.
  await worktrees.prepare({ mirror, runId: 'run00001', commit: base });
  await mirror.updateRef({ ref: 'refs/belay/run00001/checkpoint', sha });
  await writeFile(join(mirror.gitDir, 'worktrees/run00001/locked'), 'initializing\n');
  const again = await worktrees.prepare({ mirror, runId: 'run00001', commit: sha, keep: true });
  expect(again.state).toBe('rebuilt');
  expect(await readFile(join(again.path, 'a.txt'), 'utf8')).toBe('work\n');
});

test('the janitor empties the pool', async () => {
  await using space = await pooling();
  const { home, mirrors, worktrees } = space;
  await space.prepare('run00001');
  await space.release('run00001');
  const leftovers = await findLeftovers({ home, mirrors, portsFolder: join(home, 'ports'), liveRunIds: async () => [] });
  expect(leftovers.map(({ kind }) => kind)).toEqual(['pool']);
  expect((await removeLeftovers({ home, worktrees, leftovers })).failed).toEqual([]);
  expect(await space.kept()).toEqual([]);
});

const USER = fileURLToPath(new URL('./pool-user.fixture.ts', import.meta.url));

test('whenever a process is killed, the next one finds sane trees, and the janitor nothing that it cannot remove', async () => {
  await using space = await pooling({
    files: { ...FILES, ...Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`many/${at}.txt`, 'x\n'])) },
  });
  const { home, mirror, mirrors, base, open } = space;
  for (let round = 0; round < 6; round++) {
    const user = spawn(process.execPath, [USER, home, base], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(user.stdout, 'data');
    // At another moment of its work each time.
    await sleep(7 * round);
    user.kill('SIGKILL');
    await once(user, 'close');
    const worktrees = open();
    await worktrees.sweep([mirror]);
    const { path } = await worktrees.prepare({ mirror, runId: 'run00001', commit: base });
    expect(await git(path, 'status', '--porcelain', '--ignored')).toBe('');
    expect(await readdir(join(path, 'many'))).toHaveLength(60);
    await worktrees.release({ mirror, runId: 'run00001' });
    await worktrees.settled();
  }
  const leftovers = await findLeftovers({ home, mirrors, portsFolder: join(home, 'ports'), liveRunIds: async () => [] });
  expect((await removeLeftovers({ home, worktrees: space.worktrees, leftovers })).failed).toEqual([]);
  for (const folder of [join(home, 'trees'), join(mirror.gitDir, 'worktrees'), space.folder]) expect(await readdir(folder)).toEqual([]);
});

test('the checkpoints of many ended runs are packed, and stay', async () => {
  await using space = await pooling();
  const { prepare, release, mirror, base } = space;
  const runs = Array.from({ length: 100 }, (_, index) => `early${index.toString().padStart(3, '0')}`);
  for (const runId of runs) await mkdir(join(mirror.gitDir, 'refs/belay', runId), { recursive: true });
  const first = await prepare('run00001');
  await checkoutAt(first.path).write({ 'a.txt': 'two\n' });
  const { sha } = await first.worktree.checkpoint({ message: 'Two' });
  for (const runId of runs) await writeFile(join(mirror.gitDir, 'refs/belay', runId, 'checkpoint'), `${sha}\n`);
  await release('run00001');
  expect(await readdir(join(mirror.gitDir, 'refs/belay'))).toEqual([]);
  expect((await readdir(join(mirror.gitDir, 'objects/pack'))).some((name) => name.startsWith('loose-'))).toBe(true);
  for (const runId of ['run00001', ...runs.slice(-1)]) expect(await mirror.refSha(`refs/belay/${runId}/checkpoint`)).toBe(sha);
  const second = await prepare('run00002', sha);
  expect(await second.worktree.isAt(sha)).toBe(true);
  expect(await mirror.treeOf(base)).not.toBe(await mirror.treeOf(sha));
});
