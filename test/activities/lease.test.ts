import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listClaims } from '../../src/workspace/port-claims.ts';
import { activityHost, leaseOf } from '../support/activity-host.ts';
import { eventually } from '../support/eventually.ts';
import { hold } from '../support/hold.ts';

const exists = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined)) !== undefined;

test('a newer lease ends the older one’s work, waits for it, and finds tree and ports as its own', async () => {
  await using host = await activityHost();
  const { holdings, ledger } = host.deps;
  const older = hold(host, 1);
  const { path } = await older.granted;
  const dying = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  const working = holdings.use({ lease: leaseOf(1) }, new AbortController().signal, async (_holding, signal) => {
    signal.addEventListener('abort', () => told.resolve());
    await dying.promise;
    await writeFile(join(path, 'late.txt'), 'written while dying\n');
    throw new Error('killed');
  });
  const outcome = expect(working).rejects.toMatchObject({ type: 'lease_lost' });
  const newer = hold(host, 2);
  await told.promise;
  // As long as a lease takes that waits for nothing.
  const other = hold(host, 7, 'fedcba98');
  await other.granted;
  await other.cancel({ cancelRequested: true });
  expect(await ledger.currentEpoch(leaseOf(1).runId)).toMatchObject({ epoch: 1 });
  expect(host.grants.map(({ epoch }) => epoch)).toEqual([1, 7]);
  dying.resolve();
  await outcome;
  expect(await older.ended).toMatchObject({ type: 'lease_lost' });
  const grant = await newer.granted;
  expect(await exists(join(path, 'late.txt'))).toBe(true);
  const claimed = (await listClaims(host.portsFolder)).map(({ port }) => port);
  expect(new Set(claimed)).toEqual(new Set(Object.values(grant.ports)));
  await newer.cancel({ cancelRequested: true });
  expect(await exists(path)).toBe(false);
  expect(await listClaims(host.portsFolder)).toEqual([]);
});

test('an older lease that asks late does not end the newer one', async () => {
  await using host = await activityHost();
  const newer = hold(host, 2);
  await newer.granted;
  expect(await hold(host, 1).ended).toMatchObject({ type: 'lease_lost' });
  await host.deps.holdings.use({ lease: leaseOf(2) }, new AbortController().signal, async (_holding, signal) =>
    expect(signal.aborted).toBe(false),
  );
  await newer.cancel({ cancelRequested: true });
});

test.each([
  { why: 'whose heartbeats came late keeps', details: { notFound: true }, status: 'RUNNING', kept: true },
  { why: 'whose worker stops keeps', details: { workerShutdown: true }, status: 'RUNNING', kept: true },
  { why: 'whose run was terminated removes', details: { notFound: true }, status: 'TERMINATED', kept: false },
  { why: 'that is given back removes', details: { cancelRequested: true }, status: 'RUNNING', kept: false },
])('a lease $why the tree, and gives the ports back', async ({ details, status, kept }) => {
  await using host = await activityHost();
  host.workflow.status = status;
  const held = hold(host, 1);
  const { path } = await held.granted;
  await held.cancel(details);
  expect(await exists(path)).toBe(kept);
  expect(await listClaims(host.portsFolder)).toEqual([]);
});

test('a setup that was interrupted is done again in the kept tree, and one that ended well is not', async () => {
  const setup = 'echo begun >> setup.tmp; test "$(wc -l < setup.tmp)" -gt 1 || exec sleep 300\n';
  await using host = await activityHost({ '.belay.yml': 'setup: sh setup.sh\n', 'setup.sh': setup, '.gitignore': '*.tmp\n' });
  const notes = join(host.deps.home, 'trees', leaseOf(1).runId, 'setup.tmp');
  const begun = async (): Promise<number> => (await readFile(notes, 'utf8')).trim().split('\n').length;
  const interrupted = hold(host, 2);
  interrupted.granted.catch(() => {});
  expect(await eventually(begun)).toBe(1);
  await interrupted.cancel({ workerShutdown: true });
  const second = hold(host, 3);
  await second.granted;
  expect(await begun()).toBe(2);
  await second.cancel({ workerShutdown: true });
  const third = hold(host, 4);
  await third.granted;
  expect(await begun()).toBe(2);
  await third.cancel({ cancelRequested: true });
});

test('what the workspace leaves out of the repository is said once in the run’s log', async () => {
  const files = { '.gitmodules': '[submodule "lib"]\n\tpath = lib\n', '.gitattributes': '*.bin filter=lfs -text\n' };
  await using host = await activityHost(files);
  const { runId } = leaseOf(1);
  for (const epoch of [1, 2]) {
    const held = hold(host, epoch);
    await held.granted;
    await held.cancel({ cancelRequested: true });
  }
  const said = (await host.deps.ledger.readLogs({ runId })).map(({ message }) => message);
  expect(said).toEqual([expect.stringContaining('Submodules are left out'), expect.stringContaining('Git LFS are left as pointers')]);
  const log = await readFile(join(host.deps.files.directory(runId), 'log.txt'), 'utf8');
  expect(log.match(/Submodules are left out/g)).toHaveLength(1);
});

test('a .ports.env of the repository’s own stays as it is, with every lease, and that is said', async () => {
  await using host = await activityHost({ '.ports.env': 'PORT=80\n' });
  const { runId } = leaseOf(1);
  for (const epoch of [1, 2]) {
    const held = hold(host, epoch);
    const { path, baseSha } = await held.granted;
    expect(await readFile(join(path, '.ports.env'), 'utf8')).toBe('PORT=80\n');
    await host.deps.holdings.use({ lease: leaseOf(epoch) }, new AbortController().signal, async ({ worktree }) => {
      expect(await worktree.checkpoint({ message: 'Work' })).toMatchObject({ sha: baseSha, changed: false });
    });
    await held.cancel({ cancelRequested: true });
  }
  const said = (await host.deps.ledger.readLogs({ runId })).map(({ message }) => message);
  expect(said).toEqual([expect.stringContaining('The repository has a .ports.env of its own')]);
});
