import { lstat, mkdir, readdir, readFile, readlink, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { localRepository } from '../../src/contracts/repository.ts';
import { createSetupCache } from '../../src/workspace/setup-cache.ts';
import type { CachedSetup } from '../../src/workspace/setup-cache.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const HOUR = 3_600_000;

/** A home, and worktrees in it of which each has a `deps` folder of its own where it is asked for. */
async function world() {
  const { path: home, ...folder } = await temporaryDirectory();
  const tree = async (name: string, content?: string): Promise<string> => {
    const root = join(home, 'trees', name);
    await mkdir(root, { recursive: true });
    if (content === undefined) return root;
    await mkdir(join(root, 'deps/bin'), { recursive: true });
    await writeFile(join(root, 'deps/lib.js'), content, { mode: 0o755 });
    await symlink('../lib.js', join(root, 'deps/bin/lib'));
    return root;
  };
  const setup = (root: string, changes: Partial<CachedSetup> = {}): CachedSetup => ({
    repository: localRepository('acme/shop'),
    key: 'k1',
    root,
    paths: ['deps'],
    ...changes,
  });
  return { home, tree, setup, cache: createSetupCache({ home }), [Symbol.asyncDispose]: folder[Symbol.asyncDispose] };
}

test('what one run stored another gets as a copy of its own: links, modes and all', async () => {
  await using made = await world();
  const { cache, tree, setup } = made;
  const one = await tree('one', 'first');
  expect(await cache.store(setup(one))).toBe('stored');
  const other = await tree('other');
  expect(await cache.restore(setup(other))).toBe(true);
  expect(await readFile(join(other, 'deps/bin/lib'), 'utf8')).toBe('first');
  expect(await readlink(join(other, 'deps/bin/lib'))).toBe('../lib.js');
  expect((await lstat(join(other, 'deps/lib.js'))).mode & 0o777).toBe(0o755);
  // In place, as some editors write.
  await writeFile(join(other, 'deps/lib.js'), 'changed by an agent');
  const third = await tree('third');
  await cache.restore(setup(third));
  expect(await readFile(join(third, 'deps/lib.js'), 'utf8')).toBe('first');
});

test('another key or another repository gets nothing', async () => {
  await using made = await world();
  const { cache, tree, setup } = made;
  await cache.store(setup(await tree('one', 'first')));
  const other = await tree('other');
  expect(await cache.restore(setup(other, { key: 'k2' }))).toBe(false);
  expect(await cache.restore(setup(other, { repository: localRepository('acme/other') }))).toBe(false);
  expect(await readdir(other)).toEqual([]);
});

test('of many runs that store at once one does, and none fails', async () => {
  await using made = await world();
  const { home, cache, tree, setup } = made;
  const roots = await Promise.all(['a', 'b', 'c', 'd'].map((name) => tree(name, 'the same')));
  const outcomes = await Promise.all(roots.map((root) => cache.store(setup(root))));
  expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === 'already_there')).toHaveLength(3);
  expect(await readdir(join(home, 'cache/setup/local/acme/shop'))).toEqual(['k1']);
});

test('nothing is written over, and no link is followed out of the worktree', async () => {
  await using made = await world();
  const { home, cache, tree, setup } = made;
  await cache.store(setup(await tree('one', 'first')));
  expect(await cache.restore(setup(await tree('own', 'its own')))).toBe(false);
  const source = await tree('two');
  await mkdir(join(source, 'sub/deps'), { recursive: true });
  await cache.store(setup(source, { key: 'k3', paths: ['sub/deps'] }));
  const linked = await tree('linked');
  await mkdir(join(home, 'elsewhere'));
  await symlink(join(home, 'elsewhere'), join(linked, 'sub'));
  expect(await cache.restore(setup(linked, { key: 'k3', paths: ['sub/deps'] }))).toBe(false);
  expect(await readdir(join(home, 'elsewhere'))).toEqual([]);
});

test('a Python environment and a folder that was not made are left out, saying so', async () => {
  await using made = await world();
  const { cache, tree, setup } = made;
  const root = await tree('one', 'x');
  await writeFile(join(root, 'deps/pyvenv.cfg'), '');
  expect(await cache.store(setup(root))).toEqual({ left: 'deps is a Python environment, which works in its own place only' });
  expect(await cache.store(setup(await tree('bare')))).toEqual({ left: 'the setup made no folder deps' });
});

test('a copy that fails leaves no half of it', async () => {
  await using made = await world();
  const { home, cache, tree, setup } = made;
  await cache.store(setup(await tree('one', 'first'), { paths: ['deps', 'deps/bin'] }));
  const other = await tree('other');
  await mkdir(join(other, 'deps'));
  // The parent of the second is there, the first may be made; then the entry proves to be damaged.
  await expect(cache.restore(setup(other, { paths: ['a', 'deps/b', 'deps/c'] }))).rejects.toThrow();
  expect(await readdir(join(other, 'deps'))).toEqual([]);
  expect(await readdir(other)).toEqual(['deps']);
  expect(await readdir(join(home, 'cache/setup/local/acme/shop'))).toEqual(['k1']);
});

test('the least recently used goes when there is too much, and what is old or was abandoned', async () => {
  await using made = await world();
  const { home, tree, setup } = made;
  const cache = createSetupCache({ home, maxBytes: 2500, maxAgeMs: 10 * HOUR });
  const folder = join(home, 'cache/setup/local/acme/shop');
  const age = async (key: string, hours: number): Promise<void> => {
    const at = new Date(Date.now() - hours * HOUR);
    await utimes(join(folder, key), at, at);
  };
  for (const [key, hours] of [
    ['old', 11],
    ['unused', 3],
    ['used', 4],
  ] as const) {
    await cache.store(setup(await tree(key, 'x'.repeat(1000)), { key }));
    await age(key, hours === 11 ? 1 : hours);
  }
  await mkdir(join(folder, '.new-dead'));
  await age('old', 11);
  await cache.restore(setup(await tree('again'), { key: 'used' }));
  expect(await cache.prune({ dryRun: true })).toMatchObject({ entries: 1 });
  expect(await cache.store(setup(await tree('new', 'x'.repeat(1000)), { key: 'new' }))).toBe('stored');
  expect((await readdir(folder)).toSorted((one, other) => one.localeCompare(other))).toEqual(['.new-dead', 'new', 'used']);
  await age('.new-dead', 25);
  expect(await cache.prune()).toMatchObject({ entries: 1 });
  expect(await cache.store(setup(await tree('big', 'x'.repeat(2000)), { key: 'big' }))).toEqual({
    left: 'it has 0 MB, more than one entry may',
  });
  expect(await cache.prune({ all: true })).toMatchObject({ entries: 2 });
  expect(await readdir(folder)).toEqual([]);
});

test('an entry that a wrong clock dated in the future does not stay until then', async () => {
  await using made = await world();
  const { cache, tree, setup, home } = made;
  await cache.store(setup(await tree('one', 'first'), { key: 'wrong' }));
  const future = new Date('2096-01-01');
  await utimes(join(home, 'cache/setup/local/acme/shop/wrong'), future, future);
  await cache.store(setup(await tree('two', 'second'), { key: 'right' }));
  expect(await readdir(join(home, 'cache/setup/local/acme/shop'))).toEqual(['right']);
});
