import { mkdir, readFile, readdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCommitted } from '../../src/git/user-repository.ts';
import { leftOut } from '../../src/workspace/left-out.ts';
import { writePortsFile } from '../../src/workspace/ports.ts';
import { checkoutAt, git } from '../support/git-remote.ts';
import type { Checkout, Files } from '../support/git-remote.ts';
import { testMirror } from '../support/test-mirror.ts';

const runId = 'run00001';
const BRANCH = 'belay/chore-1-work-run00001';

/** A repository as somebody made it, and a run's worktree of it. */
async function space(make: (author: Checkout) => Promise<unknown>, files?: Files) {
  const setup = await testMirror(files);
  const { mirror, remote, worktrees } = setup;
  const author = await remote.clone('author');
  await make(author);
  await author.git('push', '--quiet', 'origin', 'HEAD:refs/heads/main');
  const base = await mirror.fetchBranch({ url: remote.path, branch: 'main' });
  const { path, worktree } = await worktrees.prepare({ mirror, runId, commit: base });
  /** What a run's pull request would change. */
  const published = async (): Promise<string[]> => {
    const { sha: checkpoint } = await worktree.checkpoint({ message: 'Work' });
    const sha = await mirror.commitTree({ tree: await mirror.treeOf(checkpoint), parents: [base], message: 'Work' });
    await mirror.push({ url: remote.path, branch: BRANCH, sha, expected: null });
    const names = await remote.git('diff', '--name-only', '-z', '--no-renames', 'main', BRANCH);
    return names.split('\0').filter((name) => name !== '');
  };
  return { ...setup, base, path, worktree, published, agent: checkoutAt(path) };
}

const commitAll = (files: Files) => (author: Checkout) => author.commit(files);

test('leaves submodules out, says so, and does not touch them', async () => {
  await using setup = await space(async (author) => {
    await author.write({ '.gitmodules': '[submodule "lib"]\n\tpath = vendor/lib\n\turl = https://example.com/lib.git\n' });
    const sha = await author.git('rev-parse', 'HEAD');
    await author.git('update-index', '--add', '--cacheinfo', `160000,${sha},vendor/lib`);
    await author.git('add', '.gitmodules');
    await author.git('commit', '--quiet', '--message', 'Add a submodule');
  });
  const { path, agent, published } = setup;
  expect(await readdir(join(path, 'vendor/lib'))).toEqual([]);
  expect(await leftOut(path)).toEqual(['Submodules are left out, their folders are empty: vendor/lib.']);
  await agent.write({ 'a.txt': 'two\n' });
  expect(await published()).toEqual(['a.txt']);
});

test('leaves the pointers of Git LFS as they are, and says so', async () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 1000000\n`;
  const files = { '.gitattributes': '# big\n*.bin filter=lfs diff=lfs merge=lfs -text\n', 'model.bin': pointer };
  await using setup = await space(commitAll(files));
  const { path, agent, published } = setup;
  expect(await readFile(join(path, 'model.bin'), 'utf8')).toBe(pointer);
  expect(await leftOut(path)).toEqual(['Files in Git LFS are left as pointers, without their content: *.bin.']);
  await agent.write({ 'a.txt': 'two\n' });
  expect(await published()).toEqual(['a.txt']);
});

test('says nothing of a repository that has all its files, and does not read through links', async () => {
  await using setup = await testMirror();
  const { path } = await setup.worktrees.prepare({ mirror: setup.mirror, runId, commit: setup.base });
  expect(await leftOut(path)).toEqual([]);
  const outside = join(setup.remote.folder, 'outside');
  await writeFile(outside, '[submodule "x"]\n\tpath = x\n*.bin filter=lfs\n');
  for (const name of ['.gitmodules', '.gitattributes']) await symlink(outside, join(path, name));
  expect(await leftOut(path)).toEqual([]);
});

describe('writes nothing where a symbolic link leads', () => {
  test('that was committed: its own file takes the place of the link', async () => {
    await using setup = await testMirror();
    const outside = join(setup.remote.folder, 'outside');
    await writeFile(outside, 'mine\n');
    const base = await setup.remote.commit({ '.ports.env': { link: outside }, folder: { link: setup.remote.folder } });
    await setup.mirror.fetchBranch({ url: setup.remote.path, branch: 'main' });
    const { path, worktree } = await setup.worktrees.prepare({ mirror: setup.mirror, runId, commit: base });
    await writePortsFile({ path, ports: { backend: 1, frontend: 2 } });
    expect(await readFile(outside, 'utf8')).toBe('mine\n');
    expect(await readFile(join(path, '.ports.env'), 'utf8')).toContain('PORT=1');
    await worktree.restore(base);
    expect(await readlink(join(path, '.ports.env'))).toBe(outside);
    expect(await readlink(join(path, 'folder'))).toBe(setup.remote.folder);
    await setup.worktrees.remove({ mirror: setup.mirror, runId });
    expect(await readFile(outside, 'utf8')).toBe('mine\n');
  });

  test('that an agent put in place of a folder: it is committed as a link, and restored as a folder', async () => {
    await using setup = await space(commitAll({ 'src/a.txt': 'ours\n' }));
    const { path, agent, worktree, base, remote, mirror } = setup;
    const outside = checkoutAt(join(remote.folder, 'outside'));
    await outside.write({ 'a.txt': 'theirs\n' });
    await rm(join(path, 'src'), { recursive: true });
    await symlink(outside.path, join(path, 'src'));
    await agent.write({ 'b.txt': 'b\n' });
    const { sha } = await worktree.checkpoint({ message: 'Link' });
    expect(await mirror.changedFiles({ from: base, to: sha })).toEqual(['b.txt', 'src', 'src/a.txt']);
    await worktree.restore(base);
    expect(await readFile(join(path, 'src/a.txt'), 'utf8')).toBe('ours\n');
    expect(await readFile(join(outside.path, 'a.txt'), 'utf8')).toBe('theirs\n');
    expect(await readdir(outside.path)).toEqual(['a.txt']);
  });
});

test('copes with names of all kinds, and publishes those that changed', async () => {
  const names = [
    'ü ö/ä.txt',
    'u\u0308.txt',
    'two\nlines.txt',
    '-dash',
    '"quoted".txt',
    'tab\t.txt',
    ' leading',
    '日本語/文.txt',
    '[x]*?.txt',
    '\u202Etxt.exe',
  ];
  await using setup = await space(commitAll(Object.fromEntries(names.map((name) => [name, 'one\n']))));
  const { agent, published, mirror, base, path } = setup;
  expect((await mirror.listFiles({ commit: base })).toSorted()).toEqual([...names, 'a.txt'].toSorted());
  for (const name of names) expect(await readFile(join(path, name), 'utf8')).toBe('one\n');
  await agent.write({ 'two\nlines.txt': 'two\n', 'new\nname/ü': 'new\n', '-dash': 'two\n' });
  expect(await published()).toEqual(['-dash', 'new\nname/ü', 'two\nlines.txt']);
});

test('keeps names apart that differ in case only, where the disk does', async ({ skip }) => {
  await using setup = await space(commitAll({ 'Readme.md': 'one\n', 'README.md': 'two\n', 'src/x': '1\n', 'SRC/x': '2\n' }));
  const { path, agent, published } = setup;
  if (await stat(join(path, 'A.TXT')).catch(() => undefined)) skip('this disk does not tell them apart');
  expect([await readFile(join(path, 'Readme.md'), 'utf8'), await readFile(join(path, 'SRC/x'), 'utf8')]).toEqual(['one\n', '2\n']);
  await agent.write({ 'README.md': 'three\n' });
  expect(await published()).toEqual(['README.md']);
});

describe.each([
  ['without attributes', undefined],
  ['with text=auto', '* text=auto\n'],
  ['with text for all', '* text\n'],
  ['with CRLF for all', '* text eol=crlf\n'],
  ['with LF for all', '* text eol=lf\n'],
])('line ends %s', (_, attributes) => {
  const FILES = { 'crlf.txt': 'a\r\nb\r\n', 'lf.txt': 'a\nb\n', 'mixed.txt': 'a\r\nb\n', 'latin1.txt': 'caf\r\n' };

  test('of untouched files are not published, nor taken for a change', async () => {
    await using setup = await space(async (author) => {
      await author.commit(FILES);
      if (attributes) await author.write({ '.gitattributes': attributes });
      await author.git('add', '--all');
      // The attributes come later than the files, whose line ends stay in the commit as they are.
      await author.git('reset', '--quiet', 'HEAD', '--', ...Object.keys(FILES));
      await author.git('commit', '--quiet', '--allow-empty', '--message', 'Attributes');
    });
    const { worktree, mirror, base, agent, published, path } = setup;
    expect(await worktree.treeHash()).toBe(await mirror.treeOf(base));
    expect(await worktree.checkpoint({ message: 'Nothing' })).toMatchObject({ sha: base, changed: false });
    await agent.write({ 'a.txt': 'two\n', 'crlf/new.txt': 'new\r\n' });
    expect(await published()).toEqual(['a.txt', 'crlf/new.txt']);
    // What is really changed is, its line ends as git has them.
    await writeFile(join(path, 'crlf.txt'), 'a\r\nchanged\r\n');
    const { sha } = await worktree.checkpoint({ message: 'Changed' });
    expect(await mirror.changedFiles({ from: base, to: sha })).toEqual(['a.txt', 'crlf.txt', 'crlf/new.txt']);
  });
});

test('works in a repository with 100,000 files', async () => {
  await using setup = await testMirror();
  const { mirror, remote, worktrees } = setup;
  const entries = Array.from({ length: 100_000 }, (_, index) => `M 644 inline d${index % 100}/s${index % 1000}/f${index}\ndata 2\nx\n`);
  const stream = join(remote.folder, 'stream');
  await writeFile(stream, `commit refs/heads/big\ncommitter Ada <ada@example.test> 0 +0000\ndata 3\nBig\n${entries.join('\n')}\n`);
  await git(remote.path, '-c', `alias.import=!git fast-import --quiet < '${stream}'`, 'import');
  const base = await mirror.fetchBranch({ url: remote.path, branch: 'big' });
  const { path, worktree } = await worktrees.prepare({ mirror, runId, commit: base });
  await mkdir(join(path, 'new'));
  await writeFile(join(path, 'new/file'), 'new\n');
  await writeFile(join(path, 'd0/s0/f0'), 'changed\n');
  const { sha } = await worktree.checkpoint({ message: 'Work' });
  expect(await mirror.changedFiles({ from: base, to: sha })).toEqual(['d0/s0/f0', 'new/file']);
  expect(await mirror.push({ url: remote.path, branch: BRANCH, sha, expected: null })).toBe('pushed');
  expect((await mirror.listFiles({ commit: base, depth: 1 })).length).toBe(100);
  await worktrees.remove({ mirror, runId });
});

test('means the branch where a tag has its name', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const url = remote.path;
  await remote.git('tag', 'release', base);
  const sha = await remote.commit({ 'a.txt': 'of the branch\n' }, { branch: 'release' });
  expect(await mirror.fetchBranch({ url, branch: 'release' })).toBe(sha);
  expect(await readCommitted({ root: url, ref: 'release', path: 'a.txt' })).toBe('of the branch\n');
  expect(await readCommitted({ root: url, ref: base, path: 'a.txt' })).toBe('one\n');
  const next = await mirror.commitTree({ tree: await mirror.treeOf(base), parents: [sha], message: 'Next' });
  expect(await mirror.push({ url, branch: 'release', sha: next, expected: sha })).toBe('pushed');
  expect(await remote.git('rev-parse', 'refs/heads/release', 'refs/tags/release')).toBe(`${next}\n${base}`);
});
