import { expect, test } from 'vitest';
import { markersIn } from '../../src/git/conflict-markers.ts';
import { contains, mergeTrees } from '../../src/git/merge-trees.ts';
import { testMirror } from '../support/test-mirror.ts';

async function sides(files: Record<string, string>, ours: Record<string, string>, theirs: Record<string, string>) {
  const setup = await testMirror(files);
  const { remote, mirror, base } = setup;
  const one = await remote.commit(ours, { branch: 'ours' });
  await remote.git('update-ref', 'refs/heads/theirs', base);
  const clone = await remote.clone();
  await clone.git('switch', '--quiet', 'theirs');
  const other = await clone.commit(theirs);
  await clone.git('push', '--quiet', 'origin', 'theirs');
  for (const branch of ['ours', 'theirs']) await mirror.fetchBranch({ url: remote.path, branch });
  return { ...setup, clone, ours: one, theirs: other };
}

test('merges what both sides changed, from where they part', async () => {
  await using setup = await sides({ 'a.txt': 'a\n' }, { 'b.txt': 'ours\n' }, { 'c.txt': 'theirs\n' });
  const { mirror, ours, theirs } = setup;
  const merged = await mergeTrees({ mirror, ours, theirs });
  expect(merged).toMatchObject({ conflicts: [], messages: [] });
  const commit = await mirror.commitTree({ tree: merged?.tree ?? '', parents: [ours, theirs], message: 'Merge' });
  expect(await mirror.listFiles({ commit })).toEqual(['a.txt', 'b.txt', 'c.txt']);
  expect(await contains({ mirror, commit, ancestor: theirs })).toBe(true);
  expect(await contains({ mirror, commit: ours, ancestor: theirs })).toBe(false);
});

test('names the files that conflict, however they are called, with what git says, and marks the places', async () => {
  const name = 'ä file\nof two lines.txt';
  await using setup = await sides({ [name]: 'one\n', 'b.txt': 'b\n' }, { [name]: 'ours\n' }, { [name]: 'theirs\n' });
  const { mirror, ours, theirs } = setup;
  const merged = await mergeTrees({ mirror, ours, theirs });
  expect(merged?.conflicts).toEqual([name]);
  expect(merged?.messages).toEqual([expect.stringMatching(/^CONFLICT \(content\): Merge conflict in ä file/)]);
  const commit = await mirror.commitTree({ tree: merged?.tree ?? '', parents: [ours, theirs], message: 'Merge' });
  expect(markersIn((await mirror.readFile({ commit, path: name })) ?? '')).toEqual([`<<<<<<< ${ours}`, `>>>>>>> ${theirs}`]);
});

test('says where one side removed what the other changed', async () => {
  await using setup = await sides({ 'a.txt': 'a\n', 'b.txt': 'b\n' }, { 'a.txt': 'changed\n' }, { 'b.txt': 'b\n' });
  const { mirror, ours, clone, remote } = setup;
  await clone.git('rm', '--quiet', 'a.txt');
  const theirs = await clone.commit({});
  await clone.git('push', '--quiet', 'origin', 'theirs');
  await mirror.fetchBranch({ url: remote.path, branch: 'theirs' });
  const merged = await mergeTrees({ mirror, ours, theirs });
  expect(merged?.conflicts).toEqual(['a.txt']);
  expect(merged?.messages).toEqual([expect.stringMatching(/^CONFLICT \(modify\/delete\): a\.txt deleted in/)]);
});

test('has no answer for histories with nothing in common', async () => {
  await using setup = await testMirror();
  const { mirror, base } = setup;
  const stranger = await mirror.commitTree({ tree: await mirror.treeOf(base), parents: [], message: 'Another beginning' });
  expect(await mergeTrees({ mirror, ours: base, theirs: stranger })).toBeUndefined();
});

test('takes no underlined heading for a conflict', () => {
  expect(markersIn('Title\n=======\n\n<<<<<<<< too long\n  >>>>>>> indented\n')).toEqual([]);
  expect(markersIn('<<<<<<< a\r\nx\r\n||||||| b\r\n=======\r\n>>>>>>> c\r\n')).toEqual(['<<<<<<< a', '||||||| b', '>>>>>>> c']);
});

test('knows where branches of the remote are, and which are not there', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const other = await remote.commit({ 'b.txt': 'b\n' }, { branch: 'nested/main' });
  await remote.git('tag', 'gone', base);
  const heads = await mirror.remoteHeads({ url: remote.path, branches: ['main', 'nested/main', 'gone'] });
  expect([...heads]).toEqual([
    ['main', base],
    ['nested/main', other],
  ]);
});
