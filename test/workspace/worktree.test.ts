import { appendFile, chmod, mkdir, readFile, readdir, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createMirrors } from '../../src/git/mirror.ts';
import { acquireLock } from '../../src/process/exclusive-lock.ts';
import { createWorktrees } from '../../src/workspace/worktree.ts';
import { git } from '../support/git-remote.ts';
import { testMirror } from '../support/test-mirror.ts';

const runId = 'run00001';

test('makes a worktree on the commit, with clean status and detached head, in a home with spaces', async () => {
  await using setup = await testMirror({ 'a.txt': 'one\n', 'ü/ä b.txt': 'crlf\r\n', link: { link: 'a.txt' } });
  const { mirror, worktrees, base, home } = setup;
  const { path, state } = await worktrees.prepare({ mirror, runId, commit: base });
  expect({ path, state }).toEqual({ path: join(home, 'trees', runId), state: 'new' });
  expect(await readFile(join(path, 'ü/ä b.txt'), 'utf8')).toBe('crlf\r\n');
  expect(await readlink(join(path, 'link'))).toBe('a.txt');
  expect(await git(path, 'status', '--porcelain')).toBe('');
  expect(await git(path, 'rev-parse', 'HEAD', '--abbrev-ref', 'HEAD')).toBe(`${base}\nHEAD`);
});

test('keeps a sane worktree with its uncommitted work, or brings it to the commit', async () => {
  await using setup = await testMirror({ 'a.txt': 'one\n', '.gitignore': 'node_modules/\n' });
  const { mirror, worktrees, base } = setup;
  const { path } = await worktrees.prepare({ mirror, runId, commit: base });
  await writeFile(join(path, 'a.txt'), 'half\n');
  await writeFile(join(path, 'new.txt'), 'new\n');
  await mkdir(join(path, 'node_modules'));
  await writeFile(join(path, 'node_modules/x'), 'installed\n');
  expect((await worktrees.prepare({ mirror, runId, commit: base, keep: true })).state).toBe('kept');
  expect(await readFile(join(path, 'a.txt'), 'utf8')).toBe('half\n');
  expect((await worktrees.prepare({ mirror, runId, commit: base })).state).toBe('restored');
  expect(await readFile(join(path, 'a.txt'), 'utf8')).toBe('one\n');
  expect((await readdir(path)).toSorted()).toEqual(['.git', '.gitignore', 'a.txt', 'node_modules']);
});

const DAMAGES: Record<string, (input: { path: string; registration: string; home: string }) => Promise<unknown>> = {
  'without its .git file': ({ path }) => rm(join(path, '.git')),
  'with a repository of its own': async ({ path }) => {
    await rm(join(path, '.git'));
    await git(path, 'init', '--quiet');
  },
  'that is gone, but registered': ({ path }) => rm(path, { recursive: true }),
  'that is not registered': ({ registration }) => rm(registration, { recursive: true }),
  'that is a file': async ({ path }) => {
    await rm(path, { recursive: true });
    await writeFile(path, '');
  },
  'that is locked': ({ registration }) => writeFile(join(registration, 'locked'), 'initializing'),
  'whose registration points elsewhere': ({ registration }) => writeFile(join(registration, 'gitdir'), '/elsewhere/.git\n'),
  'whose first checkout did not end': ({ registration }) => rm(join(registration, 'belay-index')),
};

test.each(Object.keys(DAMAGES))('rebuilds a worktree %s', async (name) => {
  await using setup = await testMirror();
  const { mirror, worktrees, base, home } = setup;
  const { path } = await worktrees.prepare({ mirror, runId, commit: base });
  const registration = join(mirror.gitDir, 'worktrees', runId);
  await DAMAGES[name]?.({ path, registration, home });
  const prepared = await worktrees.prepare({ mirror, runId, commit: base, keep: true });
  expect(prepared.state).toBe('rebuilt');
  expect(await git(path, 'status', '--porcelain')).toBe('');
  expect((await prepared.worktree.checkpoint({ message: 'Nothing' })).changed).toBe(false);
  expect(await readdir(join(mirror.gitDir, 'worktrees'))).toEqual([runId]);
});

test('rebuilds a worktree of another mirror', async () => {
  await using setup = await testMirror();
  const { mirror, mirrors, remote, worktrees, base } = setup;
  const other = await mirrors.open({ ...mirror.repository, name: 'other' });
  await other.fetchBranch({ url: remote.path, branch: 'main' });
  const { path } = await worktrees.prepare({ mirror: other, runId, commit: base });
  expect((await worktrees.prepare({ mirror, runId, commit: base })).state).toBe('rebuilt');
  expect(await readFile(join(path, '.git'), 'utf8')).toContain(mirror.gitDir);
});

test('goes on with a broken head and the locks of a killed git', async () => {
  await using setup = await testMirror();
  const { mirror, worktrees, base } = setup;
  const { path } = await worktrees.prepare({ mirror, runId, commit: base });
  const registration = join(mirror.gitDir, 'worktrees', runId);
  await writeFile(join(registration, 'HEAD'), 'garbage');
  for (const lock of ['index.lock', 'belay-index.lock', 'HEAD.lock']) await writeFile(join(registration, lock), '');
  expect((await worktrees.prepare({ mirror, runId, commit: base })).state).toBe('restored');
  expect(await git(path, 'status', '--porcelain')).toBe('');
});

test('knows its worktree again when the home is named through a link', async () => {
  await using setup = await testMirror();
  const { home, remote, base } = setup;
  const link = join(remote.folder, 'link');
  await symlink(home, link);
  const mirror = await createMirrors({ home: link }).open(setup.mirror.repository);
  const worktrees = createWorktrees({ home: link });
  await worktrees.prepare({ mirror, runId, commit: base });
  expect((await worktrees.prepare({ mirror, runId, commit: base, keep: true })).state).toBe('kept');
});

test('prepares 15 runs at once while others fetch, each with its own files', async () => {
  await using setup = await testMirror(Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`src/${index}.txt`, `${index}\n`])));
  const { mirror, remote, worktrees, base, home } = setup;
  // A second set of objects stands for a second process.
  const others = createWorktrees({ home });
  const sameMirror = await createMirrors({ home }).open(mirror.repository);
  const ids = Array.from({ length: 15 }, (_, index) => `run${String(index).padStart(5, '0')}`);
  const prepared = await Promise.all([
    ...ids.map(async (id, index) => {
      const { path, worktree } = await (index % 2 ? worktrees : others).prepare({
        mirror: index % 2 ? mirror : sameMirror,
        runId: id,
        commit: base,
      });
      await writeFile(join(path, `only-${id}`), id);
      return { id, path, ...(await worktree.checkpoint({ message: id })) };
    }),
    ...ids.map(async () => ({ id: await mirror.fetchBranch({ url: remote.path, branch: 'main' }) })),
  ]);
  for (const run of prepared) {
    if (!('path' in run)) continue;
    expect((await readdir(run.path)).toSorted()).toEqual(['.git', `only-${run.id}`, 'src']);
    expect(await mirror.changedFiles({ from: base, to: run.sha })).toEqual([`only-${run.id}`]);
  }
  expect((await readdir(join(mirror.gitDir, 'worktrees'))).toSorted()).toEqual(ids);
});

test('waits while another process adds a worktree', async () => {
  await using setup = await testMirror();
  const { mirror, worktrees, base } = setup;
  const other = await acquireLock({ path: `${mirror.gitDir}.worktrees.lock`, waitMs: 0 });
  const preparing = worktrees.prepare({ mirror, runId, commit: base });
  // Several starts of git later, nothing is registered.
  for (let call = 0; call < 5; call++) await mirror.treeOf(base);
  await expect(stat(join(mirror.gitDir, 'worktrees'))).rejects.toThrow('ENOENT');
  other[Symbol.dispose]();
  expect((await preparing).state).toBe('new');
});

test('removes a tree and its registration, folders without permission too, and leaves others and the checkpoint', async () => {
  await using setup = await testMirror();
  const { mirror, worktrees, base, home } = setup;
  const { path, worktree } = await worktrees.prepare({ mirror, runId, commit: base });
  await worktrees.prepare({ mirror, runId: 'run00002', commit: base });
  await mkdir(join(path, 'closed/inner'), { recursive: true });
  await chmod(join(path, 'closed'), 0o500);
  await appendFile(join(path, 'a.txt'), 'more\n');
  const { sha } = await worktree.checkpoint({ message: 'More' });
  await worktrees.remove({ mirror, runId });
  await worktrees.remove({ mirror, runId });
  expect(await readdir(join(home, 'trees'))).toEqual(['run00002']);
  expect(await readdir(join(mirror.gitDir, 'worktrees'))).toEqual(['run00002']);
  expect(await mirror.refSha(`refs/belay/${runId}/checkpoint`)).toBe(sha);
});

test('continues from a checkpoint after its tree was lost', async () => {
  await using setup = await testMirror();
  const { mirror, worktrees, base } = setup;
  const { path, worktree } = await worktrees.prepare({ mirror, runId, commit: base });
  await writeFile(join(path, 'a.txt'), 'two\n');
  const { sha } = await worktree.checkpoint({ message: 'Two' });
  await rename(path, `${path}-lost`);
  const again = await worktrees.prepare({ mirror, runId, commit: sha, keep: true });
  expect(again.state).toBe('rebuilt');
  expect(await readFile(join(path, 'a.txt'), 'utf8')).toBe('two\n');
});

test('refuses ids that would leave the folder of trees', async () => {
  await using setup = await testMirror();
  const { mirror, worktrees, base } = setup;
  for (const id of ['..', '../x', '.git', '', 'a/b', '-x']) {
    await expect(worktrees.prepare({ mirror, runId: id, commit: base })).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(worktrees.remove({ mirror, runId: id })).rejects.toMatchObject({ code: 'invalid_input' });
  }
});

test('stops when cancelled', async () => {
  await using setup = await testMirror();
  const { mirror, worktrees, base } = setup;
  const signal = AbortSignal.abort(new Error('cancelled'));
  await expect(worktrees.prepare({ mirror, runId, commit: base, signal })).rejects.toThrow('cancelled');
  await expect(stat(join(mirror.gitDir, 'worktrees', runId))).rejects.toThrow('ENOENT');
});
