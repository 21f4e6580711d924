import { chmod, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Mirror } from '../../src/git/mirror.ts';
import type { Checkout } from '../support/git-remote.ts';
import { testMirror } from '../support/test-mirror.ts';

const BRANCH = 'belay/bug-1-cart-abcd1234';

/** A commit on top of another, with the same tree. */
async function commitOn(mirror: Mirror, parent: string, message = 'Work'): Promise<string> {
  return mirror.commitTree({ tree: await mirror.treeOf(parent), parents: [parent], message });
}

async function plantHooks(checkout: Checkout, trap: string): Promise<void> {
  const hooks = ['pre-receive', 'update', 'post-receive', 'post-update', 'reference-transaction', 'push-to-checkout', 'proc-receive'];
  for (const hook of hooks) {
    await checkout.write({ [`.git/hooks/${hook}`]: `#!/bin/sh\ntouch '${trap}'\nexit 1\n` });
    await chmod(join(checkout.path, '.git/hooks', hook), 0o755);
  }
}

test('creates a branch, and finds it already there when it tries again', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const sha = await commitOn(mirror, base);
  expect(await mirror.push({ url: remote.path, branch: BRANCH, sha, expected: null })).toBe('pushed');
  expect(await remote.sha(BRANCH)).toBe(sha);
  expect(await mirror.push({ url: remote.path, branch: BRANCH, sha, expected: null })).toBe('already_there');
  expect(await mirror.push({ url: remote.path, branch: BRANCH, sha, expected: base })).toBe('already_there');
});

test('moves a branch from the expected commit, also to one that is no descendant', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const [one, two] = [await commitOn(mirror, base, 'One'), await commitOn(mirror, base, 'Two')];
  await mirror.push({ url: remote.path, branch: BRANCH, sha: one, expected: null });
  expect(await mirror.push({ url: remote.path, branch: BRANCH, sha: two, expected: one })).toBe('pushed');
  expect(await remote.sha(BRANCH)).toBe(two);
});

test('leaves a branch alone that somebody else moved, made or removed', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const sha = await commitOn(mirror, base);
  const theirs = await remote.commit({ 'a.txt': 'theirs\n' }, { branch: BRANCH });
  for (const expected of [null, base]) {
    await expect(mirror.push({ url: remote.path, branch: BRANCH, sha, expected })).rejects.toMatchObject({
      code: 'branch_moved',
      message: expect.stringContaining(BRANCH),
    });
  }
  expect(await remote.sha(BRANCH)).toBe(theirs);
  await expect(mirror.push({ url: remote.path, branch: 'belay/gone', sha, expected: base })).rejects.toMatchObject({
    code: 'branch_moved',
    message: expect.stringContaining('missing'),
  });
});

test('lets one of many racing pushes win', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const shas = await Promise.all(['a', 'b', 'c', 'd'].map((message) => commitOn(mirror, base, message)));
  const results = await Promise.allSettled(shas.map((sha) => mirror.push({ url: remote.path, branch: BRANCH, sha, expected: null })));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const codes = results.flatMap((result) => (result.status === 'rejected' ? [(result.reason as { code: string }).code] : []));
  expect(codes).toEqual(['branch_moved', 'branch_moved', 'branch_moved']);
});

test('changes nothing in a checkout but the branch, and runs none of its hooks', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const checkout = await remote.clone('my "project" ü');
  const trap = join(remote.folder, 'trap');
  await checkout.git('checkout', '--quiet', '--detach');
  await checkout.git('config', 'gc.auto', '1');
  await checkout.git('config', 'core.alternateRefsCommand', `touch '${trap}'; :`);
  await checkout.write({ 'a.txt': 'dirty\n', 'staged.txt': 'staged\n', 'untracked.txt': 'x\n' });
  await checkout.git('add', 'staged.txt');
  await plantHooks(checkout, trap);
  const before = await snapshot(checkout);
  const sha = await commitOn(mirror, base);
  expect(await mirror.push({ url: checkout.path, branch: BRANCH, sha, expected: null })).toBe('pushed');
  expect(await checkout.git('rev-parse', BRANCH)).toBe(sha);
  await expect(stat(trap)).rejects.toThrow('ENOENT');
  expect(await snapshot(checkout)).toEqual(before);
});

async function snapshot({ path, git }: Checkout) {
  const gitFiles = await Promise.all(['HEAD', 'index', 'config', 'refs/heads/main'].map((name) => readFile(join(path, '.git', name))));
  const status = await git('--no-optional-locks', 'status', '--porcelain=v2', '--branch');
  return { gitFiles, status, files: (await readdir(path)).toSorted(), content: await readFile(join(path, 'a.txt'), 'utf8') };
}

test('explains a branch that is checked out, also in a linked worktree, whatever the checkout allows', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const checkout = await remote.clone();
  await checkout.git('config', 'receive.denyCurrentBranch', 'updateInstead');
  await checkout.git('branch', 'other');
  await checkout.git('worktree', 'add', '--quiet', join(remote.folder, 'linked'), 'other');
  const sha = await commitOn(mirror, base);
  for (const branch of ['main', 'other']) {
    await expect(mirror.push({ url: checkout.path, branch, sha, expected: base })).rejects.toMatchObject({
      code: 'branch_checked_out',
      message: expect.stringContaining(branch),
    });
    expect(await checkout.git('rev-parse', branch)).toBe(base);
  }
});

test('pushes to a linked worktree and to a git directory as to their checkout', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const checkout = await remote.clone();
  const trap = join(remote.folder, 'trap');
  await plantHooks(checkout, trap);
  const linked = join(remote.folder, 'linked');
  await checkout.git('-c', 'core.hooksPath=/dev/null', 'worktree', 'add', '--quiet', '--detach', linked);
  const sha = await commitOn(mirror, base);
  await mirror.push({ url: linked, branch: 'belay/one', sha, expected: null });
  await mirror.push({ url: join(checkout.path, '.git'), branch: 'belay/two', sha, expected: null });
  await mirror.push({ url: `file://${checkout.path}`, branch: 'belay/three', sha, expected: null });
  expect(await checkout.git('for-each-ref', '--format=%(refname:short)', 'refs/heads/belay')).toBe('belay/one\nbelay/three\nbelay/two');
  await expect(stat(trap)).rejects.toThrow('ENOENT');
});

test('names the branch that stands in the way of ours', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const checkout = await remote.clone();
  await checkout.git('branch', 'belay');
  const sha = await commitOn(mirror, base);
  await expect(mirror.push({ url: checkout.path, branch: BRANCH, sha, expected: null })).rejects.toMatchObject({
    code: 'push_rejected',
    message: expect.stringContaining('a branch named belay'),
    hint: expect.stringContaining('git branch -m belay belay-old'),
  });
});

test('keeps to the rules of a bare repository, and repeats what they say', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const hook = join(remote.path, 'hooks/pre-receive');
  await mkdir(join(remote.path, 'hooks'), { recursive: true });
  await writeFile(hook, '#!/bin/sh\necho "No pushes on Fridays" >&2\nexit 1\n');
  await chmod(hook, 0o755);
  const sha = await commitOn(mirror, base);
  await expect(mirror.push({ url: remote.path, branch: BRANCH, sha, expected: null })).rejects.toMatchObject({
    code: 'push_rejected',
    message: expect.stringContaining('No pushes on Fridays'),
  });
});

test('says that it may not write there', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  // Git's own words; a disk would not refuse a test that runs as root.
  const says = 'error: insufficient permission for adding an object to repository database ./objects';
  await mkdir(join(remote.path, 'hooks'), { recursive: true });
  await writeFile(join(remote.path, 'hooks/pre-receive'), `#!/bin/sh\necho '${says}' >&2\nexit 1\n`, { mode: 0o755 });
  const sha = await commitOn(mirror, base);
  await expect(mirror.push({ url: remote.path, branch: BRANCH, sha, expected: null })).rejects.toMatchObject({
    code: 'push_rejected',
    message: expect.stringContaining('insufficient permission'),
    hint: expect.stringContaining('may not write there'),
  });
});

test('says that the repository is gone', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  await expect(mirror.push({ url: `${remote.path}.gone`, branch: BRANCH, sha: base, expected: null })).rejects.toMatchObject({
    code: 'repository_not_found',
  });
});
