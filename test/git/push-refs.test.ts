import { expect, test } from 'vitest';
import type { Mirror } from '../../src/git/mirror.ts';
import { CREDENTIALS, httpMirror } from '../support/http-mirror.ts';
import { testMirror } from '../support/test-mirror.ts';

const [EPOCH, CHECKPOINT] = ['refs/belay/run00001/epoch', 'refs/belay/run00001/checkpoint'];
const BRANCH = 'belay/bug-1-cart-run00001';

const commitOn = async (mirror: Mirror, parent: string, message: string): Promise<string> =>
  mirror.commitTree({ tree: await mirror.treeOf(parent), parents: [parent], message });

test('refs move together, or none of them does', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const access = { url: remote.path };
  const [one, two] = [await commitOn(mirror, base, 'One'), await commitOn(mirror, base, 'Two')];
  const first = [EPOCH, CHECKPOINT].map((ref) => ({ ref, sha: one, expected: null }));
  await mirror.pushRefs({ ...access, moves: first });
  // Asked again, it is there already.
  await mirror.pushRefs({ ...access, moves: first });
  const stale = [
    { ref: CHECKPOINT, sha: two, expected: one },
    { ref: EPOCH, sha: two, expected: base },
  ];
  await expect(mirror.pushRefs({ ...access, moves: stale })).rejects.toMatchObject({
    code: 'lease_lost',
    message: expect.stringContaining(EPOCH),
  });
  expect(await mirror.remoteRefs({ ...access, refs: [EPOCH, CHECKPOINT] })).toEqual(new Map([EPOCH, CHECKPOINT].map((ref) => [ref, one])));
  await mirror.pushRefs({ ...access, moves: first.map(({ ref }) => ({ ref, sha: null, expected: one })) });
  expect((await mirror.remoteRefs({ ...access, refs: [EPOCH, CHECKPOINT] })).size).toBe(0);
});

test('a branch does not move beside a ref that somebody else has moved', async () => {
  await using setup = await testMirror();
  const { mirror, remote, base } = setup;
  const access = { url: remote.path };
  const [one, two] = [await commitOn(mirror, base, 'One'), await commitOn(mirror, base, 'Two')];
  await mirror.pushRefs({ ...access, moves: [{ ref: EPOCH, sha: two, expected: null }] });
  const push = { ...access, branch: BRANCH, sha: one, expected: null };
  const beside = [{ ref: EPOCH, sha: one, expected: base }];
  await expect(mirror.push({ ...push, beside })).rejects.toMatchObject({ code: 'lease_lost' });
  expect(await remote.sha(BRANCH)).toBeUndefined();
  expect(await mirror.push({ ...push, beside: [{ ref: EPOCH, sha: one, expected: two }] })).toBe('pushed');
  expect(await mirror.remoteRefs({ ...access, refs: [EPOCH] })).toEqual(new Map([[EPOCH, one]]));
});

test('a push whose answer was lost is known by what is there', async () => {
  await using setup = await httpMirror({ credentials: CREDENTIALS });
  const { http, mirror, access } = setup;
  const base = await mirror.fetchBranch({ ...access, branch: 'main' });
  http.fault = { on: '/git-receive-pack', what: 'drop', onlyKnown: true };
  await mirror.pushRefs({ ...access, moves: [{ ref: EPOCH, sha: base, expected: null }] });
  expect(await mirror.remoteRefs({ ...access, refs: [EPOCH] })).toEqual(new Map([[EPOCH, base]]));
});
