import { appendFile, chmod, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createMirrors } from '../../src/git/mirror.ts';
import { acquireLock } from '../../src/process/exclusive-lock.ts';
import { git, gitRemote } from '../support/git-remote.ts';
import { testMirror } from '../support/test-mirror.ts';

const REPOSITORY = { forge: 'local', owner: 'acme', name: 'shop' } as const;

test('fetches a branch, and what is new there the next time', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  expect(base).toBe(await remote.sha('main'));
  const newer = await remote.commit({ 'a.txt': 'two\n' });
  expect(await mirror.fetchBranch({ url: remote.path, branch: 'main', maxAgeMs: 60_000 })).toBe(base);
  expect(await mirror.fetchBranch({ url: remote.path, branch: 'main' })).toBe(newer);
  expect(await mirror.refSha('refs/remotes/origin/main')).toBe(newer);
});

test('serves many callers of many branches at once, each with the newest commit', async () => {
  await using setup = await testMirror();
  const { mirror, remote } = setup;
  const names = ['main', 'one', 'two', 'three'];
  const shas = new Map<string, string>();
  for (const branch of names) shas.set(branch, await remote.commit({ [branch]: 'x' }, { branch }));
  const calls = Array.from({ length: 32 }, (_, index) => names[index % names.length] ?? '');
  const fetched = await Promise.all(calls.map((branch) => mirror.fetchBranch({ url: remote.path, branch })));
  expect(fetched).toEqual(calls.map((branch) => shas.get(branch)));
});

test('goes on with a shared fetch when one of its callers leaves', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const leaver = new AbortController();
  const first = mirror.fetchBranch({ url: remote.path, branch: 'main', signal: leaver.signal });
  const second = mirror.fetchBranch({ url: remote.path, branch: 'main' });
  leaver.abort(new Error('left'));
  await expect(first).rejects.toThrow('left');
  expect(await second).toBe(base);
});

test('waits with a fetch while another process fetches', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const newer = await remote.commit({ 'a.txt': 'two\n' });
  const other = await acquireLock({ path: `${mirror.gitDir}.fetch.lock`, waitMs: 0 });
  const fetching = mirror.fetchBranch({ url: remote.path, branch: 'main' });
  // Several starts of git later, it still has not.
  for (let call = 0; call < 5; call++) expect(await mirror.refSha('refs/remotes/origin/main')).toBe(base);
  other[Symbol.dispose]();
  expect(await fetching).toBe(newer);
});

test('fetches a commit that no branch has', async () => {
  await using setup = await testMirror();
  const { mirror, remote } = setup;
  const checkout = await remote.clone();
  await checkout.git('checkout', '--quiet', '--detach');
  const sha = await checkout.commit({ 'a.txt': 'detached\n' });
  await mirror.fetchCommit({ url: checkout.path, sha });
  expect(await mirror.readFile({ commit: sha, path: 'a.txt' })).toBe('detached\n');
});

test('follows a branch that became a folder of branches', async () => {
  await using setup = await testMirror();
  const { mirror, remote } = setup;
  await remote.commit({ a: '1' }, { branch: 'topic' });
  await mirror.fetchBranch({ url: remote.path, branch: 'topic' });
  const sha = await remote.sha('topic');
  await remote.git('branch', '--move', 'topic', 'topic/one');
  expect(await mirror.fetchBranch({ url: remote.path, branch: 'topic/one' })).toBe(sha);
});

test('says how far a fetch is, and leaves that out of what went wrong', async () => {
  await using remote = await gitRemote({ files: { a: '1\n', b: '2\n' } });
  const mirror = await createMirrors({ home: join(remote.folder, 'home') }).open(REPOSITORY);
  const heard: string[] = [];
  const onProgress = (line: string) => void heard.push(line);
  await mirror.fetchBranch({ url: remote.path, branch: 'main', onProgress });
  expect(heard.at(-1)).toMatch(/^(Compressing|Unpacking|Receiving) objects: 100% /);
  const missing = mirror.fetchBranch({ url: join(remote.folder, 'none'), branch: 'main', onProgress });
  await expect(missing).rejects.toMatchObject({ code: 'repository_not_found', message: expect.not.stringContaining('objects:') });
});

test('fetches from a shallow clone', async () => {
  await using remote = await gitRemote({ files: { a: '1\n' } });
  const sha = await remote.commit({ a: '2\n' });
  await git(remote.folder, 'clone', '--quiet', '--depth=1', `file://${remote.path}`, 'shallow');
  const mirror = await createMirrors({ home: join(remote.folder, 'home') }).open(REPOSITORY);
  expect(await mirror.fetchBranch({ url: join(remote.folder, 'shallow'), branch: 'main' })).toBe(sha);
});

test('says which branch, commit or repository is missing', async () => {
  await using setup = await testMirror();
  const { mirror, remote } = setup;
  const url = remote.path;
  await expect(mirror.fetchBranch({ url, branch: 'nope' })).rejects.toMatchObject({
    code: 'base_not_found',
    message: expect.stringContaining('branch nope'),
  });
  await expect(mirror.fetchCommit({ url, sha: '1'.repeat(40) })).rejects.toMatchObject({ code: 'base_not_found' });
  await expect(mirror.fetchBranch({ url: `${url}/none`, branch: 'main' })).rejects.toMatchObject({ code: 'repository_not_found' });
  await expect(mirror.fetchBranch({ url, branch: '--upload-pack=x' })).rejects.toMatchObject({ code: 'invalid_input' });
});

test('reads files and lists trees of a commit without a worktree', async () => {
  await using setup = await testMirror({
    'a.txt': 'one\n',
    'src/ä ö/b.txt': 'zwei',
    'src/c.txt': 'c\r\n',
    link: { link: '/etc/passwd' },
    '[x]': 'brackets',
  });
  const { mirror, base: commit } = setup;
  const names = ['a.txt', 'src', 'src/ä ö', 'link', '[x]', 'none', 'sr', '*.txt'];
  const there = () => Promise.all(names.map((path) => mirror.hasPath({ commit, path })));
  const unlisted = await there();
  expect(unlisted).toEqual([true, true, true, true, true, false, false, false]);
  expect(await mirror.readFile({ commit, path: 'src/ä ö/b.txt' })).toBe('zwei');
  expect(await mirror.readFile({ commit, path: 'src/c.txt' })).toBe('c\r\n');
  expect(await mirror.readFile({ commit, path: '[x]' })).toBe('brackets');
  for (const path of ['none', 'src', 'link', '../x', '*.txt'])
    expect(await mirror.readFile({ commit, path }).catch(() => undefined)).toBeUndefined();
  expect((await mirror.listFiles({ commit })).toSorted()).toEqual(['[x]', 'a.txt', 'link', 'src/c.txt', 'src/ä ö/b.txt']);
  expect(await there()).toEqual(unlisted);
  expect((await mirror.listFiles({ commit, depth: 1 })).toSorted()).toEqual(['[x]', 'a.txt', 'link', 'src/']);
});

test('commits trees as Belay; the same input with a date gives the same commit', async () => {
  await using setup = await testMirror();
  const { mirror, base } = setup;
  const input = {
    tree: await mirror.treeOf(base),
    parents: [base],
    message: '-m "quoted"\n\nbody',
    date: new Date('2026-01-02T03:04:05Z'),
  };
  const sha = await mirror.commitTree(input);
  expect(await mirror.commitTree(input)).toBe(sha);
  expect(await git(mirror.gitDir, 'show', '-s', '--format=%B%an %cI', sha)).toBe('-m "quoted"\n\nbody\nBelay 2026-01-02T03:04:05+00:00');
  expect([await mirror.hasCommit(sha), await mirror.hasCommit('1'.repeat(40))]).toEqual([true, false]);
});

test('shows what changed, bounded, and runs no diff program of the repository', async () => {
  await using setup = await testMirror({ 'a.txt': 'one\n', 'old.txt': 'same\nsame\nsame\n', '.gitattributes': '* diff=trap\n' });
  const { mirror, remote, base: from } = setup;
  await remote.commit({ 'a.txt': 'two\n', 'größe.txt': 'new\n' });
  const to = await mirror.fetchBranch({ url: remote.path, branch: 'main' });
  expect(await mirror.diff({ from, to, maxBytes: 10_000 })).toMatchObject({
    truncated: false,
    text: expect.stringContaining('-one\n+two\n'),
  });
  expect(await mirror.diff({ from, to, maxBytes: 20 })).toMatchObject({
    truncated: true,
    text: expect.stringMatching(/^diff --git .{9}$/),
  });
  expect(await mirror.diffStat({ from, to })).toBe('2 files changed, 2 insertions(+), 1 deletion(-)');
  expect(await mirror.changedFiles({ from, to })).toEqual(['a.txt', 'größe.txt']);
  expect(await mirror.diffStat({ from, to: from })).toBe('');
});

test('moves refs by compare-and-swap', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  await remote.commit({ 'a.txt': 'two\n' });
  const next = await mirror.fetchBranch({ url: remote.path, branch: 'main' });
  const ref = 'refs/belay/abcd1234/epoch';
  await mirror.updateRef({ ref, sha: base, expected: null });
  await expect(mirror.updateRef({ ref, sha: next, expected: null })).rejects.toMatchObject({ code: 'lease_lost' });
  await expect(mirror.updateRef({ ref, sha: base, expected: next })).rejects.toMatchObject({ code: 'lease_lost' });
  await mirror.updateRef({ ref, sha: next, expected: base });
  expect(await mirror.refSha(ref)).toBe(next);
  await mirror.deleteRef(ref);
  await mirror.deleteRef(ref);
  expect(await mirror.refSha(ref)).toBeUndefined();
  await expect(mirror.updateRef({ ref, sha: next, expected: base })).rejects.toMatchObject({ code: 'lease_lost' });
});

test('opens the same mirror from many places at once, and lists it', async () => {
  await using remote = await gitRemote({ files: { a: '1\n' } });
  const home = join(remote.folder, 'home');
  const opened = await Promise.all(Array.from({ length: 6 }, () => createMirrors({ home }).open(REPOSITORY)));
  expect(new Set(opened.map((mirror) => mirror.gitDir))).toEqual(new Set([join(home, 'mirrors/local/acme/shop.git')]));
  const mirrors = createMirrors({ home });
  expect((await mirrors.list()).map((mirror) => mirror.repository)).toEqual([REPOSITORY]);
  expect((await git(join(home, 'mirrors/local/acme'), 'ls-files', '--others', '--directory').catch(() => '')).includes('.new')).toBe(false);
});

test('makes a mirror anew that somebody removed', async () => {
  await using setup = await testMirror();
  const { mirror, mirrors, remote, base } = setup;
  await rm(mirror.gitDir, { recursive: true });
  const again = await mirrors.open(REPOSITORY);
  expect(await again.fetchBranch({ url: remote.path, branch: 'main' })).toBe(base);
});

test('refuses names that would leave the folder of mirrors', async () => {
  await using remote = await gitRemote();
  const mirrors = createMirrors({ home: remote.folder });
  for (const name of ['..', '../x', '', '-x', 'a/b'])
    await expect(mirrors.open({ ...REPOSITORY, owner: name })).rejects.toMatchObject({ code: 'invalid_input' });
});

test('restores configuration, hooks and attributes that an agent changed, and runs none of them', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const trap = join(remote.folder, 'trap');
  const script = join(remote.folder, 'trap.sh');
  await writeFile(script, `#!/bin/sh\ntouch '${trap}'\n`);
  await chmod(script, 0o755);
  const config = await readFile(join(mirror.gitDir, 'config'), 'utf8');
  await appendFile(
    join(mirror.gitDir, 'config'),
    `[url "${remote.path}/elsewhere"]\n\tinsteadOf = ${remote.path}\n[core]\n\tfsmonitor = ${script}\n\thooksPath = ${remote.folder}\n[diff "x"]\n\ttextconv = ${script}\n`,
  );
  await mkdir(join(mirror.gitDir, 'hooks'), { recursive: true });
  await symlink(script, join(mirror.gitDir, 'hooks/reference-transaction'));
  await writeFile(join(mirror.gitDir, 'info/attributes'), '* diff=x\n');
  await writeFile(join(mirror.gitDir, 'objects/info/alternates'), '/nowhere\n');
  await writeFile(join(mirror.gitDir, 'HEAD'), 'garbage');
  expect(await mirror.fetchBranch({ url: remote.path, branch: 'main' })).toBe(base);
  await mirror.updateRef({ ref: 'refs/belay/abcd1234/x', sha: base });
  expect(await readFile(join(mirror.gitDir, 'config'), 'utf8')).toBe(config);
  await expect(stat(trap)).rejects.toThrow('ENOENT');
  for (const gone of ['hooks', 'info/attributes', 'objects/info/alternates'])
    await expect(stat(join(mirror.gitDir, gone))).rejects.toThrow('ENOENT');
});

test('replaces a link in place of its configuration without writing through it', async () => {
  await using setup = await testMirror();
  const { mirror, remote } = setup;
  const other = join(remote.folder, 'other');
  await mkdir(other);
  await writeFile(join(other, 'mine'), 'mine');
  await rm(join(mirror.gitDir, 'config'));
  await symlink(join(other, 'mine'), join(mirror.gitDir, 'config'));
  await symlink(other, join(mirror.gitDir, 'hooks'));
  await mirror.guard();
  expect(await readFile(join(other, 'mine'), 'utf8')).toBe('mine');
  expect(await readFile(join(mirror.gitDir, 'config'), 'utf8')).toContain('bare = true');
});

test('waits for a ref lock that another git holds', async () => {
  await using setup = await testMirror();
  const { mirror, base } = setup;
  const ref = 'refs/belay/abcd1234/checkpoint';
  await mirror.updateRef({ ref, sha: base });
  const lock = join(mirror.gitDir, `${ref}.lock`);
  await writeFile(lock, '');
  const update = mirror.updateRef({ ref, sha: base });
  // Longer than git itself waits.
  await Promise.all([update, sleep(500).then(() => rm(lock))]);
  expect(await mirror.refSha(ref)).toBe(base);
});
