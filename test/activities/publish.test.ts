import { readFile, writeFile } from 'node:fs/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { hostActivities } from '../../src/activities/index.ts';
import type {
  OpenPullRequestInput,
  OpenPullRequestOutcome,
  PublishBranchInput,
  PublishBranchOutcome,
} from '../../src/contracts/publishing.ts';
import { mergeTrees } from '../../src/git/merge-trees.ts';
import { parseRepositorySettings } from '../../src/repository-settings.ts';
import { activityHost, leaseOf } from '../support/activity-host.ts';
import type { ActivityHost } from '../support/activity-host.ts';
import { endingAt } from '../support/ending-at.ts';
import { exampleRun } from '../support/example-run.ts';

const BRANCH = 'belay/bug-1-cart-abcd1234';

/** A host that holds the run's workspace, with work to publish under the title that is given. */
async function publisher(host: ActivityHost) {
  const { deps, remote, repository, base } = host;
  const lease = leaseOf(1);
  await deps.ledger.raiseEpoch(lease);
  const mirror = await deps.mirrors.open(repository);
  const checkpoint = await remote.commit({ 'a.txt': 'two\n' }, { branch: 'work' });
  for (const branch of ['main', 'work']) await mirror.fetchBranch({ url: remote.path, branch });
  const { worktree } = await deps.worktrees.prepare({ mirror, runId: lease.runId, commit: checkpoint });
  const ports = { backend: 1, frontend: 2 };
  const held = deps.holdings.add({
    lease,
    repository,
    mirror,
    worktree,
    ports,
    baseSha: base,
    settings: parseRepositorySettings('', { source: '.belay.yml' }),
    overrides: new Map(),
    end() {},
  });
  const publish = (title: string, changes: Partial<PublishBranchInput> = {}): Promise<PublishBranchOutcome> => {
    const input: PublishBranchInput = {
      step: { lease, number: 1, name: 'publish', phase: 'publish', attempt: 1 },
      repository,
      checkpoint,
      parent: base,
      base: { sha: base, branch: 'main' },
      update: 'rebase',
      expected: null,
      names: { title, createdAt: '2026-11-20T10:00:00.000Z', branch: BRANCH },
      ...changes,
    };
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
    return environment.run(hostActivities(deps).publishBranch, input);
  };
  const open = async (changes: Partial<OpenPullRequestInput>) => {
    const view = exampleRun({ id: lease.runId, workflowId: lease.workflowId });
    await deps.ledger.recordRun(view);
    const issue = await deps.files.writeArtifact({ runId: lease.runId, step: 1, kind: 'issue', name: 'issue.md', text: 'Totals' });
    await deps.ledger.recordArtifact(issue);
    const input: OpenPullRequestInput = {
      step: { lease, number: 2, name: 'open-pull-request', phase: 'publish', attempt: 1 },
      repository,
      branch: BRANCH,
      base: 'main',
      headSha: checkpoint,
      title: 'Totals',
      issueArtifact: issue.id,
      reviewers: ['ada'],
      labels: ['by-belay'],
      ...changes,
    };
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
    const { url } = (await environment.run(hostActivities(deps).openPullRequest, input)) as OpenPullRequestOutcome;
    return readFile(url, 'utf8');
  };
  const opened = (title: string) =>
    deps.forges.local.createPullRequest({ repository, branch: BRANCH, base: 'main', title, body: '', headSha: checkpoint });
  const merge = async (ours: string, theirs: string) => {
    await mirror.fetchBranch({ url: remote.path, branch: 'main' });
    const { tree = '' } = (await mergeTrees({ mirror, ours, theirs })) ?? {};
    return mirror.commitTree({ tree, parents: [ours, theirs], message: 'checkpoint' });
  };
  return { publish, open, opened, merge, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
}

test('work that is on the branch already, under another message, is published', async () => {
  await using host = await activityHost();
  await using run = await publisher(host);
  const first = await run.publish('Mend the totals');
  expect(await run.publish('Mend all totals')).toEqual(first);
  expect(first).toMatchObject({ branch: BRANCH, headSha: await host.remote.sha(BRANCH) });
});

test('work below a merge that is on the branch already, under another message, is published', async () => {
  await using host = await activityHost();
  await using run = await publisher(host);
  const { remote, base: parent } = host;
  const newer = await remote.commit({ 'b.txt': 'news\n' }, { branch: 'main' });
  const work = await remote.git('rev-parse', 'work');
  const merged = { update: 'merge', parent, base: { sha: newer, branch: 'main' }, work, checkpoint: await run.merge(work, newer) } as const;
  const first = await run.publish('Mend the totals', merged);
  expect(first).toMatchObject({ branch: BRANCH, headSha: await remote.sha(BRANCH) });
  expect(await run.publish('Mend all totals', merged)).toEqual(first);
});

test('an issue that has gone since has nothing published for it; one whose text was spoilt since does not matter', async () => {
  await using host = await activityHost();
  await using run = await publisher(host);
  const issue = { tracker: 'local' as const, repository: host.repository, key: '7' };
  expect(await run.publish('Mend the totals', { issue })).toEqual({ over: 'Issue #7 is gone: nothing was published.' });
  expect(await host.remote.sha(BRANCH)).toBeUndefined();
  const filed = await host.deps.trackers.local.createIssue({ repository: host.repository, title: 'Totals', body: 'Wrong.' });
  await writeFile(filed.url, (await readFile(filed.url, 'utf8')).replace('Wrong.', 'x'.repeat(3_000_000)));
  expect(await run.publish('Mend the totals', { issue: filed })).toMatchObject({ branch: BRANCH });
});

test('other content, or the same on another commit, is not taken for it', async () => {
  await using host = await activityHost();
  await using run = await publisher(host);
  const other = await host.remote.commit({ 'a.txt': 'theirs\n' }, { branch: BRANCH });
  await expect(run.publish('Mend the totals')).rejects.toMatchObject({ type: 'branch_moved' });
  const later = await host.remote.commit({ 'a.txt': 'two\n' }, { branch: BRANCH });
  await expect(run.publish('Mend the totals')).rejects.toMatchObject({ type: 'branch_moved' });
  expect(later).not.toBe(other);
});

test('what somebody committed on top of work whose attempt was killed is taken in, and shown', async () => {
  await using host = await activityHost();
  await using run = await publisher(host);
  await run.publish('Mend the totals');
  const clone = await host.remote.clone();
  await clone.git('checkout', '--quiet', BRANCH);
  const sha = await clone.commit({ 'b.txt': 'theirs\n' });
  await clone.git('push', '--quiet', 'origin', BRANCH);
  expect(await run.publish('Mend the totals')).toEqual({ moved: { what: 'branch', name: BRANCH, sha } });
  const takenIn = { parent: sha, checkpoint: sha, branchHead: sha, expected: sha };
  expect(await run.publish('Mend the totals', takenIn)).toMatchObject({ branch: BRANCH, headSha: sha });
  expect(await run.publish('Mend the totals', { ...takenIn, pullRequest: 7 })).toEqual({ unchanged: true });
});

test('a pull request whose attempt ended before it was labelled is labelled; one that the run knows is left to people', async () => {
  await using host = await activityHost();
  await using run = await publisher(host);
  const { number } = await run.opened('Totals');
  expect(await run.open({ pullRequest: number })).not.toMatch(/by-belay|ada/);
  expect(await run.open({})).toMatch(/by-belay[\s\S]*ada|ada[\s\S]*by-belay/);
});

test('a branch and a pull request whose attempts ended once they were there are there once, with a receipt', async () => {
  await using host = await activityHost();
  await using run = await publisher(host);
  const { deps, remote, repository } = host;
  const { runId } = leaseOf(1);
  deps.atEffect = endingAt('push-branch', 'after-effect');
  await expect(run.publish('Mend the totals')).rejects.toThrow('killed');
  const pushed = await remote.sha(BRANCH);
  expect(await deps.ledger.listEffects(runId)).toMatchObject([{ name: 'push-branch', on: BRANCH, intent: pushed }]);
  expect(await run.publish('Mend the totals')).toMatchObject({ headSha: pushed });
  deps.atEffect = endingAt('pull-request', 'after-effect');
  await expect(run.open({})).rejects.toThrow('killed');
  await run.open({});
  expect(await deps.forges.local.findPullRequest({ repository, branch: BRANCH })).toMatchObject({ number: 1 });
  expect(await deps.ledger.listEffects(runId)).toMatchObject([
    { name: 'push-branch', receipt: pushed, attempts: 1 },
    { name: 'pull-request', receipt: '#1', attempts: 2 },
  ]);
});
