import { lstat, mkdir, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findLeftovers, removeLeftovers } from '../../src/workspace/janitor.ts';
import { createWorktrees } from '../../src/workspace/worktree.ts';
import { checkoutAt, git } from '../support/git-remote.ts';
import type { Files } from '../support/git-remote.ts';
import { testMirror } from '../support/test-mirror.ts';

const runId = 'run00001';

async function space(files?: Files) {
  const setup = await testMirror(files);
  const { mirror, worktrees, base: commit } = setup;
  const prepare = (more: { keep?: boolean; kind?: 'worktree' } = {}) =>
    worktrees.prepare({ mirror, runId, commit, kind: 'clone', ...more });
  const { path, worktree, state } = await prepare();
  return { ...setup, prepare, path, worktree, state, agent: checkoutAt(path), dotGit: join(path, '.git') };
}

/** Names and contents of what git reads in a mirror, objects and Belay's refs aside. */
async function stateOf(gitDir: string): Promise<unknown> {
  const files = ['HEAD', 'config', 'info/exclude'].map(async (name) => [name, await readFile(join(gitDir, name), 'utf8')]);
  const refs = await git(
    gitDir,
    'for-each-ref',
    '--format=%(objectname) %(refname)',
    'refs/heads',
    'refs/remotes',
    'refs/tags',
    'refs/stash',
  );
  return { files: await Promise.all(files), refs, entries: (await readdir(gitDir)).toSorted() };
}

test('makes a clone on the commit, with clean status, the remote’s branches, and no way to push', async () => {
  await using setup = await space();
  const { path, state, agent, base, dotGit, mirror } = setup;
  expect(state).toBe('new');
  expect((await lstat(dotGit)).isDirectory()).toBe(true);
  expect(await git(path, 'status', '--porcelain=v2', '--branch')).toBe(`# branch.oid ${base}\n# branch.head (detached)`);
  expect(await git(path, 'rev-parse', 'origin/main')).toBe(base);
  expect(await git(path, 'remote')).toBe('');
  await git(path, 'fsck', '--strict');
  await agent.commit({ 'a.txt': 'two\n' });
  await expect(readdir(join(mirror.gitDir, 'worktrees'))).rejects.toThrow('ENOENT');
});

test('keeps what an agent does to its git directory out of the mirror and out of other runs', async () => {
  await using setup = await space({ 'a.txt': 'one\n', '.gitattributes': '* filter=trap\n' });
  const { path, agent, mirror, remote, worktree, worktrees, base, dotGit } = setup;
  const other = await worktrees.prepare({ mirror, runId: 'run00002', commit: base, kind: 'clone' });
  const before = await stateOf(mirror.gitDir);
  const trap = join(remote.folder, 'trap');
  await agent.git('checkout', '--quiet', '-b', 'mine');
  await agent.commit({ 'a.txt': 'committed\n' });
  await agent.git('tag', 'v1');
  await agent.write({ 'a.txt': 'stashed\n' });
  await agent.git('stash');
  for (const key of ['filter.trap.clean', 'core.fsmonitor', 'core.sshCommand']) await agent.git('config', key, `touch '${trap}'; cat`);
  await mkdir(join(dotGit, 'hooks'), { recursive: true });
  await writeFile(join(dotGit, 'hooks/post-index-change'), `#!/bin/sh\ntouch '${trap}'\n`, { mode: 0o755 });
  expect(await stateOf(mirror.gitDir)).toEqual(before);
  await rm(trap, { force: true });
  const { sha } = await worktree.checkpoint({ message: 'Work' });
  expect(await mirror.changedFiles({ from: base, to: sha })).toEqual(['a.txt']);
  await expect(stat(trap)).rejects.toThrow('ENOENT');
  expect(await readFile(join(dotGit, 'config'), 'utf8')).not.toContain('trap');
  await expect(stat(join(dotGit, 'hooks'))).rejects.toThrow('ENOENT');
  expect(await git(path, 'rev-parse', 'HEAD')).toBe(sha);
  expect(await git(other.path, 'branch', '--list')).not.toContain('mine');
});

test('needs nothing of its git directory to commit, and makes it anew', async () => {
  await using setup = await space();
  const { path, worktree, mirror, base, dotGit } = setup;
  await rm(dotGit, { recursive: true });
  await writeFile(join(path, 'a.txt'), 'two\n');
  const { sha } = await worktree.checkpoint({ message: 'Two' });
  expect(await mirror.changedFiles({ from: base, to: sha })).toEqual(['a.txt']);
  expect(await git(path, 'status', '--porcelain=v2', '--branch')).toBe(`# branch.oid ${sha}\n# branch.head (detached)`);
});

test.each(['.git', '.git/info', '.git/objects/info'])('does not write where a link in place of %s leads', async (name) => {
  await using setup = await space();
  const { path, worktree, remote } = setup;
  const theirs = join(remote.folder, 'theirs');
  await git(remote.folder, 'init', '--quiet', theirs);
  await writeFile(join(theirs, '.git/exclude'), 'mine\n');
  const before = await readdir(join(theirs, '.git'), { recursive: true });
  await rm(join(path, name), { recursive: true });
  await symlink(join(theirs, '.git'), join(path, name));
  await writeFile(join(path, 'a.txt'), 'two\n');
  const { sha } = await worktree.checkpoint({ message: 'Two' });
  expect(await git(path, 'rev-parse', 'HEAD')).toBe(sha);
  expect(await readdir(join(theirs, '.git'), { recursive: true })).toEqual(before);
  expect(await readFile(join(theirs, '.git/exclude'), 'utf8')).toBe('mine\n');
  expect(await readFile(join(theirs, '.git/HEAD'), 'utf8')).toBe('ref: refs/heads/main\n');
});

test('is kept with its work, brought to the commit, rebuilt when it is damaged, and replaced by a worktree', async () => {
  await using setup = await space();
  const { prepare, path, dotGit, mirror } = setup;
  await writeFile(join(path, 'a.txt'), 'half\n');
  expect((await prepare({ keep: true })).state).toBe('kept');
  expect(await readFile(join(path, 'a.txt'), 'utf8')).toBe('half\n');
  expect((await prepare()).state).toBe('restored');
  expect(await readFile(join(path, 'a.txt'), 'utf8')).toBe('one\n');
  await rm(dotGit, { recursive: true });
  expect((await prepare({ keep: true })).state).toBe('rebuilt');
  expect((await prepare({ kind: 'worktree' })).state).toBe('rebuilt');
  expect((await lstat(dotGit)).isFile()).toBe(true);
  expect(await readdir(join(mirror.gitDir, 'clones'))).toEqual([]);
  expect((await prepare()).state).toBe('rebuilt');
  expect(await readdir(join(mirror.gitDir, 'worktrees'))).toEqual([]);
  expect(await git(path, 'status', '--porcelain')).toBe('');
});

test('is made anew where its making was interrupted, and found by what cleans up', async () => {
  await using setup = await testMirror();
  const { home, mirror, mirrors, worktrees, base: commit, remote } = setup;
  const broken = { ...mirror, env: { PATH: '/nowhere' } };
  await expect(worktrees.prepare({ mirror: broken, runId, commit, kind: 'clone' })).rejects.toMatchObject({ code: 'git_failed' });
  const leftovers = await findLeftovers({ home, mirrors, portsFolder: join(remote.folder, 'claims'), liveRunIds: async () => [] });
  expect(leftovers).toMatchObject([{ runId, path: join(home, 'trees', runId) }]);
  expect((await createWorktrees({ home }).prepare({ mirror, runId, commit, kind: 'clone', keep: true })).state).toBe('rebuilt');
});

test('is removed with its registration, the checkpoint stays; what a crash left of one is found', async () => {
  await using setup = await space();
  const { home, mirror, mirrors, worktrees, worktree, path, base, remote } = setup;
  const portsFolder = join(remote.folder, 'claims');
  await writeFile(join(path, 'a.txt'), 'two\n');
  const { sha } = await worktree.checkpoint({ message: 'Two' });
  await worktrees.remove({ mirror, runId });
  expect([await readdir(join(home, 'trees')), await readdir(join(mirror.gitDir, 'clones'))]).toEqual([[], []]);
  expect(await mirror.refSha(`refs/belay/${runId}/checkpoint`)).toBe(sha);
  for (const id of ['live0001', 'dead0001', 'dead0002']) await worktrees.prepare({ mirror, runId: id, commit: base, kind: 'clone' });
  await rm(join(home, 'trees/dead0002'), { recursive: true });
  const leftovers = await findLeftovers({ home, mirrors, portsFolder, liveRunIds: async () => ['live0001'] });
  expect(leftovers.map(({ kind, path: where }: { kind: string; path?: string }) => [kind, where])).toEqual([
    ['tree', join(home, 'trees/dead0001')],
    ['registration', join(home, 'trees/dead0002')],
  ]);
  expect(await removeLeftovers({ home, worktrees, portsFolder, leftovers })).toMatchObject({ failed: [] });
  expect(await readdir(join(home, 'trees'))).toEqual(['live0001']);
  expect(await readdir(join(mirror.gitDir, 'clones'))).toEqual(['live0001']);
});
