import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { restoreRecord } from '../../src/activities/handover-record.ts';
import { takeHandover } from '../../src/activities/handover.ts';
import { orchestratorActivities } from '../../src/activities/index.ts';
import { artifactText } from '../../src/activities/prompt-values.ts';
import type { Holding } from '../../src/activities/holdings.ts';
import { activityHost, leaseOf } from '../support/activity-host.ts';
import type { ActivityHost } from '../support/activity-host.ts';
import { hold } from '../support/hold.ts';

const { runId } = leaseOf(1);
const REFS = ['checkpoint', 'epoch'].map((name) => `refs/belay/${runId}/${name}`);
const REMOTE = { checkpoints: 'remote' } as const;
const never = new AbortController().signal;

const refsOf = async ({ remote }: ActivityHost): Promise<string[]> =>
  (await remote.git('for-each-ref', '--format=%(refname)', 'refs/belay')).split('\n').filter((line) => line !== '');

/** Works in the workspace as a step does: a file, its checkpoint, and a plan that later phases ask for by its id. */
async function work({ deps }: ActivityHost, epoch: number, text = 'two\n'): Promise<{ sha: string; plan: string }> {
  return deps.holdings.use({ lease: leaseOf(epoch) }, never, async ({ worktree }) => {
    await writeFile(join(worktree.path, 'a.txt'), text);
    const { sha } = await worktree.checkpoint({ message: 'Work' });
    const plan = await deps.files.writeArtifact({ runId, step: 1, kind: 'plan', name: 'plan.md', text: `Write ${text}` });
    await deps.ledger.recordArtifact(plan);
    return { sha, plan: plan.id };
  });
}

/** Runs something in an activity's context. */
const inActivity = <T>(body: () => Promise<T>): Promise<T> =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(body) as Promise<T>;

const publish = ({ deps }: ActivityHost, epoch: number, branch: string): Promise<void> =>
  deps.holdings.use({ lease: leaseOf(epoch) }, never, async ({ mirror, repository, handover, baseSha }: Holding) => {
    const access = await deps.forges.local.gitAccess(repository);
    await handover?.alongside(baseSha, async (beside) => mirror.push({ ...access, branch, sha: baseSha, expected: null, beside }));
  });

test('what a step leaves is at the remote when it has ended, and another host goes on from there', async () => {
  await using one = await activityHost();
  await using other = await activityHost({}, { id: 'other', remote: one.remote });
  await hold(one, 1, runId, REMOTE).granted;
  const { sha, plan } = await work(one, 1);
  await one.deps.ledger.recordStep({ runId, number: 1, name: 'plan', phase: 'plan', status: 'completed', attempt: 1, startedAt: 'now' });
  await work(one, 1, 'three\n');
  expect(await refsOf(one)).toEqual(REFS);
  // A commit that the newest one has not in its history is there as well.
  const taken = hold(other, 2, runId, { ...REMOTE, checkpoint: sha });
  const { path, handover } = await taken.granted;
  expect(handover).toBe(true);
  expect(await readFile(join(path, 'a.txt'), 'utf8')).toBe('two\n');
  expect(await artifactText(other.deps, plan)).toBe('Write three\n');
  expect(await other.deps.ledger.listSteps(runId)).toMatchObject([{ number: 1, name: 'plan' }]);
  await taken.cancel({ cancelRequested: true });
});

test('a host that has lost the run keeps and publishes nothing any more', async () => {
  await using one = await activityHost();
  await using other = await activityHost({}, { id: 'other', remote: one.remote });
  await hold(one, 1, runId, REMOTE).granted;
  await publish(one, 1, 'belay/first');
  const { sha } = await work(one, 1);
  const second = hold(other, 2, runId, { ...REMOTE, checkpoint: sha });
  await second.granted;
  const before = await one.remote.git('for-each-ref');
  await expect(work(one, 1, 'late\n')).rejects.toMatchObject({ type: 'lease_lost' });
  await expect(publish(one, 1, 'belay/late')).rejects.toMatchObject({ type: 'lease_lost' });
  const stale = one.deps.holdings.use({ lease: leaseOf(1), last: true }, never, async ({ handover }) => handover?.assertCurrent());
  await expect(stale).rejects.toMatchObject({ type: 'lease_lost' });
  expect(await one.remote.git('for-each-ref')).toBe(before);
  expect(await hold(one, 1, 'feedbeef', REMOTE).granted).toMatchObject({ epoch: 1 });
  await publish(other, 2, 'belay/next');
  expect(await one.remote.sha('belay/next')).toBe(one.base);
});

test('a lease that is older than the one at the remote is not granted on any host', async () => {
  await using one = await activityHost();
  await using other = await activityHost({}, { id: 'other', remote: one.remote });
  await hold(one, 2, runId, REMOTE).granted;
  expect(await hold(other, 1, runId, REMOTE).ended).toMatchObject({ type: 'lease_lost' });
  expect(other.grants).toEqual([]);
});

test('a push whose answer was lost is known as one’s own', async () => {
  await using host = await activityHost();
  const { deps, repository } = host;
  const mirror = await deps.mirrors.open(repository);
  const access = { lease: leaseOf(1), deps, repository, mirror, signal: never };
  const handover = await inActivity(() => takeHandover(access));
  // The same lease has moved the ref since, and this process does not know.
  await inActivity(() => takeHandover(access));
  await handover?.keep(never);
  await handover?.assertCurrent();
  const log = (await deps.ledger.readLogs({ runId })).map(({ message }) => message);
  expect(log).toEqual([]);
});

test('where the remote takes no such refs, that is said, and the run works on its host alone', async () => {
  await using host = await activityHost();
  const hook = join(host.remote.path, 'hooks', 'update');
  await writeFile(hook, '#!/bin/sh\ncase $1 in refs/belay/*) echo "no such refs here"; exit 1;; esac\n');
  await chmod(hook, 0o755);
  expect(await hold(host, 1, runId, REMOTE).granted).not.toHaveProperty('handover');
  await work(host, 1);
  expect(await refsOf(host)).toEqual([]);
  const log = (await host.deps.ledger.readLogs({ runId })).map(({ message }) => message);
  expect(log).toEqual([expect.stringMatching(/Another host could not go on .*no such refs here/)]);
});

test('what was spent on this host since the last push is not forgotten when it takes the run again', async () => {
  await using host = await activityHost();
  const { ledger } = host.deps;
  const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, durationMs: 1, success: true };
  const session = { runId, step: 1, sessionId: 's', name: 'plan', engine: 'scripted', ...usage };
  await ledger.recordSession({ ...session, costUsd: 1 });
  const first = hold(host, 1, runId, REMOTE);
  await first.granted;
  const { sha } = await work(host, 1);
  await ledger.recordSession({ ...session, costUsd: 3 });
  await first.cancel({ workerShutdown: true });
  const second = hold(host, 2, runId, { ...REMOTE, checkpoint: sha });
  await second.granted;
  expect(await ledger.listSessions(runId)).toMatchObject([{ costUsd: 3 }]);
  await second.cancel({ cancelRequested: true });
});

test('a remote that is away for a while holds nothing up, and gets it all with the next step', async () => {
  await using host = await activityHost();
  const { remote } = host;
  await hold(host, 1, runId, REMOTE).granted;
  await rename(remote.path, `${remote.path}.away`);
  await work(host, 1);
  await rename(`${remote.path}.away`, remote.path);
  expect(await refsOf(host)).toEqual([REFS[1]]);
  const { sha } = await work(host, 1, 'three\n');
  expect(await remote.git('rev-parse', REFS[0] as string)).toBe(sha);
  const log = (await host.deps.ledger.readLogs({ runId })).map(({ message }) => message);
  expect(log).toEqual([expect.stringMatching(/could not be pushed for other hosts.*The next step tries again/)]);
});

test('a run without its commits here or at the remote says which host has them', async () => {
  await using host = await activityHost();
  expect(await hold(host, 2, runId, { checkpoint: 'c'.repeat(40) }).ended).toMatchObject({
    type: 'work_elsewhere',
    message: expect.stringContaining('another host has it'),
  });
});

test.each([
  ['of another run’s folder', 'runs/feedbeef/plan.md'],
  ['outside of all runs', 'forge/acme/shop/issues/1.md'],
])('a record with a file %s writes nothing there', async (_where, path) => {
  await using host = await activityHost();
  const { deps, repository } = host;
  const text = 'not the plan\n';
  const hash = (content: string): string => createHash('sha256').update(content).digest('hex');
  const name = 'plan.md';
  const id = hash(`${runId}\nplan\n${name}`).slice(0, 20);
  const mediaType = 'text/markdown; charset=utf-8';
  const artifact = { id, runId, kind: 'plan', name, mediaType, path, bytes: text.length, sha256: hash(text), createdAt: 'now' };
  const folder = deps.files.directory(runId);
  const files = new Map([
    ['record.json', join(folder, 'record.json')],
    [id, join(folder, 'planted')],
  ]);
  await writeFile(join(folder, 'record.json'), JSON.stringify({ artifacts: [artifact], steps: [], sessions: [], earlier: [] }));
  await writeFile(join(folder, 'planted'), text);
  const mirror = await deps.mirrors.open(repository);
  const tree = await mirror.treeOfFiles({ files, scratch: join(folder, 'index') });
  const commit = await mirror.commitTree({ tree, parents: [], message: 'Planted' });
  await inActivity(() => restoreRecord(deps, { mirror, commit, runId }));
  expect(existsSync(join(deps.home, path))).toBe(false);
  expect(await deps.ledger.getArtifact(id)).toBeUndefined();
});

test('what a run left for other hosts is removed when it is of no use any more', async () => {
  await using host = await activityHost();
  await hold(host, 1, runId, REMOTE).granted;
  await work(host, 1);
  const { dropHandover } = orchestratorActivities(host.deps);
  const { repository } = host;
  for (const _twice of [1, 2]) await inActivity(() => dropHandover({ repository, runId }));
  expect(await refsOf(host)).toEqual([]);
});
