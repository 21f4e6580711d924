import { chmod, chown, mkdir, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inspectRepository } from '../../src/git/user-repository.ts';
import { checkoutAt, git, gitRemote } from '../support/git-remote.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('finds the top level, branch and commit from a subfolder of a checkout', async () => {
  await using remote = await gitRemote({ files: { 'src/deep/a': '1\n' } });
  const checkout = await remote.clone();
  const sha = await checkout.git('rev-parse', 'HEAD');
  expect(await inspectRepository(join(checkout.path, 'src/deep'))).toEqual({
    root: checkout.path,
    head: { branch: 'main', sha },
    dirty: false,
    bare: false,
  });
});

test('copes with spaces, quotes and other alphabets in paths, and with symbolic links to them', async () => {
  await using remote = await gitRemote({ files: { 'ä b/c': '1\n' } });
  const checkout = await remote.clone(`mein "schönes" прое'кт`);
  await symlink(checkout.path, join(remote.folder, 'link'));
  expect((await inspectRepository(join(remote.folder, 'link', 'ä b'))).root).toBe(checkout.path);
});

test('knows bare repositories, linked worktrees and detached heads', async () => {
  await using remote = await gitRemote({ files: { a: '1\n' } });
  const sha = await remote.sha('main');
  expect(await inspectRepository(remote.path)).toMatchObject({
    root: remote.path,
    bare: true,
    dirty: false,
    head: { branch: 'main', sha },
  });
  const linked = join(remote.folder, 'linked');
  await remote.git('worktree', 'add', '--quiet', '--detach', linked);
  expect(await inspectRepository(linked)).toEqual({ root: linked, bare: false, dirty: false, head: { sha } });
});

test('finds the checkout from inside its git directory', async () => {
  await using remote = await gitRemote({ files: { a: '1\n' } });
  const checkout = await remote.clone();
  expect(await inspectRepository(join(checkout.path, '.git'))).toMatchObject({ root: checkout.path, bare: false });
});

test('sees changed and untracked files, and writes nothing', async () => {
  await using remote = await gitRemote({ files: { a: '1\n' } });
  const checkout = await remote.clone();
  const index = await readFile(join(checkout.path, '.git/index'));
  await checkout.write({ new: 'x' });
  expect((await inspectRepository(checkout.path)).dirty).toBe(true);
  await checkout.git('clean', '-fdq');
  expect((await inspectRepository(checkout.path)).dirty).toBe(false);
  await checkout.write({ a: '2\n' });
  expect((await inspectRepository(checkout.path)).dirty).toBe(true);
  expect(await readFile(join(checkout.path, '.git/index'))).toEqual(index);
});

test('runs neither filters nor file system monitors that the repository names', async () => {
  await using remote = await gitRemote({ files: { a: '1\n', '.gitattributes': '* filter=tr.ap=x\n' } });
  const checkout = await remote.clone();
  const trap = join(remote.folder, 'trap');
  await checkout.write({ 'trap.sh': `#!/bin/sh\ntouch '${trap}'\ncat\n` });
  await chmod(join(checkout.path, 'trap.sh'), 0o755);
  for (const key of ['filter.tr.ap=x.clean', 'filter.tr.ap=x.process', 'core.fsmonitor'])
    await checkout.git('config', key, join(checkout.path, 'trap.sh'));
  await checkout.write({ a: '3\n' });
  expect((await inspectRepository(checkout.path)).dirty).toBe(true);
  await expect(stat(trap)).rejects.toThrow('ENOENT');
});

test.runIf(process.getuid?.() === 0)('reads a repository that belongs to somebody else', async () => {
  await using remote = await gitRemote({ files: { a: '1\n' } });
  const checkout = await remote.clone();
  await chown(checkout.path, 12_345, 12_345);
  await chown(join(checkout.path, '.git'), 12_345, 12_345);
  expect((await inspectRepository(checkout.path)).head.branch).toBe('main');
});

test('says what to do where there is no repository', async () => {
  await using folder = await temporaryDirectory();
  const plain = join(folder.path, 'plain');
  await mkdir(plain);
  await expect(inspectRepository(plain)).rejects.toMatchObject({
    code: 'not_a_repository',
    message: expect.stringContaining(plain),
    hint: expect.stringContaining('git -C'),
  });
  await expect(inspectRepository(join(folder.path, 'none'))).rejects.toMatchObject({
    code: 'not_a_repository',
    message: expect.stringContaining('does not exist'),
  });
});

test('says that a repository has no commits, or stands on a branch without any', async () => {
  await using remote = await gitRemote();
  await expect(inspectRepository(remote.path)).rejects.toMatchObject({ code: 'empty_repository', hint: expect.stringContaining('commit') });
  await remote.commit({ a: '1\n' }, { branch: 'trunk' });
  await git(remote.path, 'symbolic-ref', 'HEAD', 'refs/heads/nothing');
  await expect(inspectRepository(remote.path)).rejects.toMatchObject({ code: 'empty_repository', hint: expect.stringContaining('trunk') });
});

test('knows a submodule checkout as a repository of its own', async () => {
  await using inner = await gitRemote({ files: { a: '1\n' } });
  await using outer = await gitRemote({ files: { b: '1\n' } });
  const checkout = await outer.clone();
  await checkout.git('submodule', '--quiet', 'add', inner.path, 'sub');
  const sub = checkoutAt(join(checkout.path, 'sub'));
  expect(await inspectRepository(sub.path)).toMatchObject({ root: sub.path, bare: false });
});
