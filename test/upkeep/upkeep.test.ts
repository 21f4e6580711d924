import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { tryLock } from '../../src/process/exclusive-lock.ts';
import { markedProcesses } from '../../src/process/process-table.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { cleanUp } from '../../src/upkeep/clean-up.ts';
import { findOverBudget } from '../../src/upkeep/disk-budget.ts';
import { removeAll } from '../../src/upkeep/finding.ts';
import { findOldRuns } from '../../src/upkeep/old-runs.ts';
import { findOrphans } from '../../src/upkeep/orphans.ts';
import { openCheckout } from '../../src/workspace/opened.ts';
import { eventually } from '../support/eventually.ts';
import { exampleRun } from '../support/example-run.ts';
import { git } from '../support/git-remote.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { pooling } from '../support/worktree-pool.ts';

const DAY_MS = 24 * 3_600_000;
const daysAgo = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

async function space() {
  await using stack = new AsyncDisposableStack();
  const setup = stack.use(await pooling());
  const ledger = stack.use(await openLedger({ path: join(setup.home, 'ledger.db') }));
  const folderOf = (id: string): string => join(setup.home, 'runs', id);
  /** A run with a checkpoint, a session, a transcript and a plan. */
  const leave = async (id: string, view?: Partial<RunView>): Promise<void> => {
    await setup.mirror.updateRef({ ref: `refs/belay/${id}/checkpoint`, sha: setup.base });
    for (const folder of ['engine', 'artifacts']) await mkdir(join(folderOf(id), folder), { recursive: true });
    for (const name of ['plan.md', 'plan.jsonl']) await writeFile(join(folderOf(id), 'artifacts', name), 'x\n');
    if (view) await ledger.recordRun(exampleRun({ id, workflowId: `local:acme/shop@${id}`, ...view }));
  };
  const forge = { gitAccess: async () => ({ url: setup.remote.path }) };
  const options = { home: setup.home, mirrors: setup.mirrors, ledger, forges: { local: forge, github: forge } };
  const kept = stack.move();
  return { ...setup, ledger, folderOf, leave, options, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

test('what a run keeps for being gone on from goes once it closed long ago; its record stays', async () => {
  await using setup = await space();
  const { leave, folderOf, mirror, home, base, options } = setup;
  await leave('01ddone1', { status: 'completed', completedAt: daysAgo(40) });
  await leave('01dparked', { status: 'parked', createdAt: daysAgo(40) });
  await leave('recent01', { status: 'failed', createdAt: daysAgo(40), completedAt: daysAgo(20) });
  await leave('0pened01', { status: 'cancelled', completedAt: daysAgo(40) });
  await leave('unknown1');
  const opened = await openCheckout({ home, mirror, runId: '0pened01', commit: base });
  await mirror.updateRef({ ref: 'refs/heads/users-own', sha: base });
  const findings = await findOldRuns({ ...options, keepMs: 30 * DAY_MS });
  expect(findings.map(({ words }) => words.replace(home, ''))).toEqual([
    '1 checkpoint of runs closed long ago in the mirror of acme/shop',
    '/runs/01ddone1/engine (run 01ddone1 closed long ago)',
    '1 transcript in /runs/01ddone1/artifacts (run 01ddone1 closed long ago)',
    '/runs/0pened01/engine (run 0pened01 closed long ago)',
    '1 transcript in /runs/0pened01/artifacts (run 0pened01 closed long ago)',
  ]);
  expect(await removeAll(findings)).toEqual([]);
  expect(await findOldRuns({ ...options, keepMs: 30 * DAY_MS })).toEqual([]);
  expect(await readdir(folderOf('01ddone1'), { recursive: true })).toEqual(['artifacts', 'artifacts/plan.md']);
  const recent = (await readdir(folderOf('recent01'), { recursive: true })).toSorted();
  expect(recent).toEqual(['artifacts', 'artifacts/plan.jsonl', 'artifacts/plan.md', 'engine']);
  expect(await mirror.listRefs('refs/belay/')).toEqual(
    ['01dparked', '0pened01', 'recent01', 'unknown1'].map((id) => `refs/belay/${id}/checkpoint`),
  );
  expect(await mirror.refSha('refs/heads/users-own')).toBe(base);
  await access(opened);
});

test('what a run that closed long ago has left at its repository for other hosts goes with it', async () => {
  await using setup = await space();
  const { leave, mirror, remote, base, options } = setup;
  await leave('fa1led01', { status: 'failed', completedAt: daysAgo(40) });
  await leave('recent01', { status: 'failed', completedAt: daysAgo(20) });
  const refsOf = (id: string): string[] => [`refs/belay/${id}/checkpoint`, `refs/belay/${id}/epoch`];
  for (const ref of ['fa1led01', 'recent01', 'unknown1'].flatMap(refsOf)) await remote.git('update-ref', ref, base);
  const atRemote = async (): Promise<string> => remote.git('for-each-ref', '--format=%(refname)', 'refs/belay/');

  const unreachable = { gitAccess: async () => ({ url: `${remote.path}.away` }) };
  const failing = await findOldRuns({ ...options, forges: { local: unreachable, github: unreachable }, keepMs: 30 * DAY_MS });
  await removeAll(failing);
  // What is gone as a whole holds up nothing; here it only seems so, and the run's own refs are gone as well.
  expect(await mirror.refSha('refs/belay/fa1led01/checkpoint')).toBeUndefined();

  await leave('fa1led01', { status: 'failed', completedAt: daysAgo(40) });
  expect(await removeAll(await findOldRuns({ ...options, keepMs: 30 * DAY_MS }))).toEqual([]);
  expect(await atRemote()).toBe(['recent01', 'unknown1'].flatMap(refsOf).join('\n'));
});

test('files that were half written long ago go, and no others', async () => {
  await using setup = await space();
  const { leave, folderOf, options } = setup;
  await leave('recent01', { status: 'running' });
  const [old, fresh, other] = ['trace.json.1234567890', 'trace.json.2345678901', 'notes.txt'].map((name) =>
    join(folderOf('recent01'), name),
  );
  for (const path of [old, fresh, other]) await writeFile(path ?? '', 'x');
  for (const path of [old, other]) await utimes(path ?? '', new Date(daysAgo(2)), new Date(daysAgo(2)));
  const findings = await findOldRuns({ ...options, keepMs: 30 * DAY_MS });
  expect(findings.map(({ words }) => words)).toEqual([`${old} (half written)`]);
});

test('over the disk budget kept worktrees go first, then mirrors that nobody needs; others stay whatever they take', async () => {
  await using setup = await space();
  const { leave, prepare, release, kept, mirror, mirrors, ledger, options } = setup;
  await prepare('0ne00001');
  await prepare('tw000001');
  await release('0ne00001');
  await release('tw000001');
  const idle = await mirrors.open({ forge: 'local', owner: 'acme', name: 'idle' });
  await leave('published', { status: 'completed', outcome: 'pull_request', completedAt: daysAgo(1) });
  await ledger.recordRun(exampleRun({ id: '0pen0001', status: 'waiting' }));
  expect(await findOverBudget({ ...options, diskBytes: 1024 ** 3 })).toEqual([]);
  const findings = await findOverBudget({ ...options, diskBytes: 1 });
  expect(findings.map(({ words }) => words.replace(/ \(.*/, ''))).toEqual([
    ...(await kept()).toSorted().map((name) => join(setup.folder, name)),
    'the mirror of acme/idle',
  ]);
  // A run of its repository began since it was looked.
  await ledger.recordRun(exampleRun({ id: 'beg0n001', status: 'pending', repository: 'acme/idle', workflowId: 'local:acme/idle#1' }));
  expect(await removeAll(findings)).toEqual([]);
  expect(await kept()).toEqual([]);
  for (const { gitDir } of [mirror, idle]) await access(gitDir);
  for (const id of ['beg0n001', '0pen0001'])
    await ledger.recordRun({ ...(await ledger.getRun(id)), version: 9, status: 'completed', outcome: 'no_changes' });
  await leave('cancelled', { status: 'cancelled', completedAt: daysAgo(1) });
  await removeAll(await findOverBudget({ ...options, diskBytes: 1 }));
  expect((await mirrors.list()).map(({ repository }) => repository.name)).toEqual(['shop']);
});

test('a worker removes trees of closed runs, and leaves those that just closed, the pool, and what is not Belay’s', async () => {
  await using setup = await space();
  const { home, remote, base, mirror, prepare, release, kept, ledger, worktrees, options } = setup;
  for (const id of ['p00led01', 'cl0sed01', 'just0001', '0pen0001']) await prepare(id);
  const pool = await release('p00led01');
  const closed = { status: 'failed', workflowId: 'local:acme/shop@x' } as const;
  await ledger.recordRun(exampleRun({ ...closed, id: 'cl0sed01', completedAt: daysAgo(1) }));
  await ledger.recordRun(exampleRun({ ...closed, id: 'just0001', completedAt: daysAgo(0) }));
  await ledger.recordRun(exampleRun({ id: '0pen0001' }));
  // A user's own: files, a folder beside those of runs, a worktree and a branch of the mirror.
  const theirs = [join(home, 'mine.txt'), join(home, 'runs/mine/engine/notes.txt'), join(home, 'trees/mine0001/notes.txt')];
  for (const path of theirs) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, 'mine\n');
  }
  await git(mirror.gitDir, 'worktree', 'add', '--quiet', '-b', 'mine', join(remote.folder, 'theirs'), base);
  const log = createLog({ level: 'silent' });
  expect(await cleanUp({ ...options, worktrees, log, keepMs: 30 * DAY_MS, diskBytes: 1024 ** 4 })).toEqual({ removed: 1 });
  expect((await readdir(join(home, 'trees'))).toSorted()).toEqual(['0pen0001', 'just0001', 'mine0001']);
  expect(await kept()).toEqual(pool);
  for (const path of [...theirs, join(remote.folder, 'theirs', 'a.txt')]) await access(path);
  expect(await mirror.refSha('refs/heads/mine')).toBe(base);
});

test('processes of a worker that is gone are ended, those of one at work are not', async () => {
  await using folder = await temporaryDirectory();
  const home = folder.path;
  const boot = `test-${process.pid}`;
  await writeFile(join(home, 'boot'), `${boot}\n`);
  const child = spawn('sleep', ['600'], { env: { BELAY_BOOT: boot, PATH: process.env['PATH'] }, stdio: 'ignore' });
  const ended = once(child, 'exit');
  await eventually(async () => expect(await markedProcesses(`BELAY_BOOT=${boot}`)).toEqual([child.pid]));
  {
    using _worker = tryLock(join(home, 'worker.lock'));
    expect(await findOrphans({ home })).toEqual([]);
  }
  const findings = await findOrphans({ home });
  expect(findings.map(({ words }) => words)).toEqual([`process ${child.pid}, which a worker that is gone has left`]);
  expect(await removeAll(findings)).toEqual([]);
  expect(await ended).toEqual([null, 'SIGKILL']);
});
