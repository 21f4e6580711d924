import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findLeftovers, removeLeftovers } from '../../src/workspace/janitor.ts';
import { createPortRegistry } from '../../src/workspace/ports.ts';
import { git } from '../support/git-remote.ts';
import { testMirror } from '../support/test-mirror.ts';

async function space() {
  const setup = await testMirror();
  const portsFolder = join(setup.remote.folder, 'claims');
  await mkdir(portsFolder, { recursive: true });
  const prepare = (runId: string) => setup.worktrees.prepare({ mirror: setup.mirror, runId, commit: setup.base });
  const find = (live: string[] = []) =>
    findLeftovers({ home: setup.home, mirrors: setup.mirrors, portsFolder, liveRunIds: async () => live });
  const clean = async (live: string[] = []) =>
    removeLeftovers({ home: setup.home, worktrees: setup.worktrees, portsFolder, leftovers: await find(live) });
  return { ...setup, portsFolder, prepare, find, clean };
}

test('finds and removes the trees of closed runs, and leaves the living', async () => {
  await using setup = await space();
  const { home, mirror, prepare, find, clean } = setup;
  for (const runId of ['live0001', 'live0001-base', 'dead0001', 'dead0001-base']) await prepare(runId);
  expect((await find(['live0001'])).map(({ kind, ...rest }) => [kind, 'runId' in rest ? rest.runId : ''])).toEqual([
    ['tree', 'dead0001'],
    ['tree', 'dead0001-base'],
  ]);
  const { removed, failed } = await clean(['live0001']);
  expect([removed.length, failed]).toEqual([2, []]);
  expect(await readdir(join(home, 'trees'))).toEqual(['live0001', 'live0001-base']);
  expect(await readdir(join(mirror.gitDir, 'worktrees'))).toEqual(['live0001', 'live0001-base']);
  expect(await find(['live0001'])).toEqual([]);
});

test('spares a run that began while it was looking', async () => {
  await using setup = await space();
  const { home, mirrors, portsFolder, prepare } = setup;
  await prepare('fresh001');
  const begun = ['fresh001'];
  expect(await findLeftovers({ home, mirrors, portsFolder, liveRunIds: async () => begun })).toEqual([]);
});

test('removes registrations without a tree, half deleted trees and claims of processes that are gone', async () => {
  await using setup = await space();
  const { home, mirror, prepare, clean, portsFolder } = setup;
  const { path } = await prepare('dead0001');
  await rm(path, { recursive: true });
  await mkdir(join(home, 'trees/.trash-dead0002-x/deep'), { recursive: true });
  const claim = { port: 9100, pid: 2 ** 22 + 1, startTime: '1', home, runId: 'dead0003' };
  await writeFile(join(portsFolder, '9100.json'), JSON.stringify(claim));
  await writeFile(join(portsFolder, '9101.json'), JSON.stringify({ ...claim, home: '/elsewhere' }));
  const { removed } = await clean();
  expect(removed.map(({ kind }) => kind).toSorted()).toEqual(['ports', 'registration', 'trash']);
  expect(await readdir(join(mirror.gitDir, 'worktrees')).catch(() => [])).toEqual([]);
  expect(await readdir(join(home, 'trees'))).toEqual([]);
  expect((await readdir(portsFolder)).filter((name) => name.endsWith('.json'))).toEqual(['9101.json']);
});

test('never names what is not its own', async () => {
  await using setup = await space();
  const { home, mirror, mirrors, remote, prepare, find, base, portsFolder } = setup;
  await prepare('live0001');
  // A folder by a run's name that no mirror knows, a worktree elsewhere, a tree that now belongs to another mirror.
  await mkdir(join(home, 'trees/mine0001'));
  await git(mirror.gitDir, 'worktree', 'add', '--quiet', '--detach', join(remote.folder, 'theirs01'), base);
  const other = await mirrors.open({ ...mirror.repository, name: 'other' });
  await other.fetchBranch({ url: remote.path, branch: 'main' });
  await setup.worktrees.prepare({ mirror, runId: 'moved001', commit: base });
  await setup.worktrees.prepare({ mirror: other, runId: 'moved001', commit: base });
  const ports = createPortRegistry({
    home,
    folder: portsFolder,
    backend: { first: 29_500, last: 29_510 },
    frontend: { first: 29_520, last: 29_530 },
  });
  await ports.claim({ runId: 'closed01' });
  expect(await find(['live0001', 'moved001'])).toEqual([]);
  const { removed } = await setup.clean(['live0001']);
  expect(removed.map(({ kind }) => kind).toSorted()).toEqual(['registration', 'tree']);
  expect((await readdir(join(home, 'trees'))).toSorted()).toEqual(['live0001', 'mine0001']);
  expect(await readdir(join(remote.folder, 'theirs01'))).toContain('a.txt');
});
