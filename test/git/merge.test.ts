import { expect, test } from 'vitest';
import { mergeBranch } from '../../src/git/merge.ts';
import { testMirror } from '../support/test-mirror.ts';

const BRANCH = 'belay/bug-1-cart-abcd1234';

test('merges a branch into its base, with both as parents', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const headSha = await remote.commit({ 'b.txt': 'work\n' }, { branch: BRANCH });
  const merged = await mergeBranch({ mirror, url: remote.path, branch: BRANCH, base: 'main', headSha, message: 'Merge' });
  expect(await remote.sha('main')).toBe(merged);
  expect(await remote.git('log', '-1', '--format=%P', 'main')).toBe(`${base} ${headSha}`);
});

test('asks to merge by hand where the base is checked out, and accepts what was merged so', async () => {
  await using setup = await testMirror();
  const { mirror, remote } = setup;
  const checkout = await remote.clone('project');
  await checkout.git('checkout', '--quiet', '-b', BRANCH);
  const headSha = await checkout.commit({ 'b.txt': 'work\n' });
  await checkout.git('checkout', '--quiet', 'main');
  const request = { mirror, url: checkout.path, branch: BRANCH, base: 'main', headSha, message: 'Merge' };
  await expect(mergeBranch(request)).rejects.toMatchObject({
    code: 'branch_checked_out',
    hint: expect.stringContaining(`git merge ${BRANCH}`),
  });
  await checkout.git('merge', '--quiet', '--no-ff', BRANCH);
  const mine = await checkout.git('rev-parse', 'main');
  expect(await mergeBranch(request)).toBe(mine);
  expect(await checkout.git('rev-parse', 'main')).toBe(mine);
});

test('refuses what moved since the pull request was written, and what conflicts', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const headSha = await remote.commit({ 'a.txt': 'theirs\n' }, { branch: BRANCH });
  const request = { mirror, url: remote.path, branch: BRANCH, base: 'main', message: 'Merge' };
  await expect(mergeBranch({ ...request, headSha: base })).rejects.toMatchObject({
    code: 'branch_moved',
    message: expect.stringContaining('moved'),
  });
  await remote.commit({ 'a.txt': 'ours\n' });
  await expect(mergeBranch({ ...request, headSha })).rejects.toMatchObject({
    code: 'branch_moved',
    message: expect.stringContaining('conflicts with main'),
    hint: expect.stringContaining(`git merge ${BRANCH}`),
  });
});
