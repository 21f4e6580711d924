import { chmod, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { hardenedGit } from '../../src/git/hardened-git.ts';
import { gitRemote } from '../support/git-remote.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('gives the exit code of a command that fails without a word', async () => {
  await using remote = await gitRemote({ files: { a: '1\n' } });
  const git = hardenedGit({ cwd: remote.path, gitDir: remote.path });
  const answer = await git.attempt(['rev-parse', '--verify', '--quiet', 'refs/heads/none']);
  expect(answer).toMatchObject({ exitCode: 1, stdout: '' });
  await expect(git.run(['rev-parse', '--verify', '--quiet', 'refs/heads/none'])).rejects.toMatchObject({ code: 'git_failed' });
});

test('cuts long output at whole characters and stops git', async () => {
  await using remote = await gitRemote({ files: { long: 'ä'.repeat(500_000) } });
  const git = hardenedGit({ cwd: remote.path, gitDir: remote.path });
  const answer = await git.attempt(['show', 'main:long'], { maxBytes: 101 });
  expect(answer).toMatchObject({ truncated: true, stdout: 'ä'.repeat(50) });
});

test('ends with the reason of the signal, before and during a command', async () => {
  await using remote = await gitRemote({ files: { a: '1\n' } });
  const over = AbortSignal.abort(new Error('cancelled before'));
  await expect(hardenedGit({ cwd: remote.path, signal: over }).run(['version'])).rejects.toThrow('cancelled before');
  const controller = new AbortController();
  const git = hardenedGit({ cwd: remote.path, gitDir: remote.path });
  const begun = join(remote.folder, 'begun');
  // The other side never answers, and ends with its input.
  const waiting = git.run(['ls-remote', `--upload-pack=touch '${begun}'; cat >/dev/null; :`, '--', remote.path], {
    signal: controller.signal,
  });
  const ended = expect(waiting).rejects.toThrow('cancelled meanwhile');
  await vi.waitFor(() => stat(begun), { timeout: 30_000, interval: 5 });
  controller.abort(new Error('cancelled meanwhile'));
  await ended;
});

test('takes nothing from ambient git settings and commits as Belay', async () => {
  await using home = await temporaryDirectory();
  await using remote = await gitRemote({ files: { a: '1\n' } });
  const env = { PATH: process.env['PATH'], HOME: home.path, GIT_DIR: '/nowhere', GIT_AUTHOR_NAME: 'Eve', GIT_CONFIG_COUNT: '1' };
  const git = hardenedGit({ cwd: remote.path, gitDir: remote.path, env });
  const tree = (await git.run(['rev-parse', 'main^{tree}'])).trim();
  const sha = (await git.run(['commit-tree', '-m', 'A message', tree])).trim();
  expect(await remote.git('show', '-s', '--format=%an %cn', sha)).toBe('Belay Belay');
});

test('runs no hook, file system monitor or credential helper of the repository', async () => {
  await using remote = await gitRemote({ files: { a: '1\n' } });
  const checkout = await remote.clone();
  const trap = join(remote.folder, 'trap');
  await checkout.write({ 'trap.sh': `#!/bin/sh\ntouch '${trap}'\n` });
  await chmod(join(checkout.path, 'trap.sh'), 0o755);
  await mkdir(join(checkout.path, '.git/hooks'), { recursive: true });
  for (const hook of ['post-checkout', 'post-index-change', 'reference-transaction']) {
    await checkout.write({ [`.git/hooks/${hook}`]: `#!/bin/sh\ntouch '${trap}'\n` });
    await chmod(join(checkout.path, '.git/hooks', hook), 0o755);
  }
  await checkout.git('config', 'core.fsmonitor', join(checkout.path, 'trap.sh'));
  const git = hardenedGit({ cwd: checkout.path, gitDir: join(checkout.path, '.git'), workTree: checkout.path });
  await git.run(['status', '--porcelain']);
  await git.run(['add', '--all']);
  await git.run(['checkout', '--quiet', '--detach']);
  await expect(stat(trap)).rejects.toThrow('ENOENT');
});

test.each(['ext::sh -c date', 'git://127.0.0.1:1/x.git', 'http://127.0.0.1:1/x.git'])('refuses the transport of %s', async (url) => {
  await using remote = await gitRemote({ files: { a: '1\n' } });
  const git = hardenedGit({ cwd: remote.path, gitDir: remote.path });
  await expect(git.run(['fetch', '--', url, 'main'])).rejects.toMatchObject({ code: 'invalid_input' });
});

test('does not repeat a login in an address', async () => {
  await using remote = await gitRemote({ files: { a: '1\n' } });
  const git = hardenedGit({ cwd: remote.path, gitDir: remote.path });
  const failure = await git.run(['fetch', '--', 'https://ada:secret@127.0.0.1:1/x.git', 'main']).catch((error: unknown) => String(error));
  expect(failure).toContain('127.0.0.1');
  expect(failure).not.toContain('secret');
});
