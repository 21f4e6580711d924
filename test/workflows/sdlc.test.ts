import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import { phaseOf } from '../support/belay-run.ts';
import { eventBytes, historiesOf, sizesOf } from '../support/histories.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay();
});
afterAll(() => belay[Symbol.asyncDispose]());

const COMMIT = 'git -c user.name=Agent -c user.email=agent@example.test -c core.hooksPath=/dev/null commit --quiet --all -m agent';

describe('sdlc', () => {
  it('brings an issue to one pull request, one conventional commit on the base, with the tree that was checked', async () => {
    const project = await belay.project();
    const base = await project.git('rev-parse', 'main');
    const run = await project.run();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', issueClass: 'bug', errors: [], baseSha: base });
    expect(view.phases.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'classify completed',
      'plan completed',
      'implement completed',
      'test completed',
      'review completed',
      'document completed',
      'publish completed',
    ]);
    const [pullRequest, ...others] = await project.pullRequests();
    expect(others).toEqual([]);
    expect(pullRequest).toMatchObject({ title: 'Write it down', state: 'open', base: 'main', headSha: view.headSha, branch: view.branch });
    expect(await project.branches()).toEqual([view.branch]);
    const branch = view.branch as string;
    expect(branch).toBe(`belay/bug-1-it-is-not-written-down-${run.id}`);
    expect(await project.git('rev-list', '--count', `main..${branch}`)).toBe('1');
    expect(await project.git('rev-parse', `${branch}~1`)).toBe(base);
    expect(await project.git('log', '-1', '--format=%B', branch)).toBe(`fix: write it down\n\nCloses #1\nBelay-Run: ${run.id}\n`.trimEnd());
    expect(await project.git('rev-parse', `${branch}^{tree}`)).toBe(phaseOf(view, 'test').evidence?.treeHash);
    expect(pullRequest?.body).toContain('`sh test.sh`');
    expect(await run.temporalStatus()).toBe('COMPLETED');
    expect(await run.stepNames()).toEqual(
      ['read-issue', 'classify', 'plan', 'implement', 'run-tests', 'review', 'document', 'commit-message', 'pull-request'].concat(
        ['push-branch', 'open-pull-request'], // one step each: nothing was done twice
      ),
    );
    expect(await project.comment()).toContain(`Pull request: ${view.pullRequest?.url}`);
  });

  it('takes few events and little room in Temporal’s history', async () => {
    const project = await belay.project();
    const run = await project.run();
    await run.closed();
    const [history] = await historiesOf(belay.client, run);
    const sizes = sizesOf(history ?? {});
    // Measured: 117 events and 33 KB before comments and texts came beside the work; an activity is 3 events, and 3 more where the workflow waits for it alone.
    expect(sizes.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(125);
    expect(sizes.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(40_000);
    for (const event of history?.events ?? []) expect(eventBytes(event)).toBeLessThan(4_500);
  });

  it('implements its plan while the comment on it is written, and has one agent at a time', async () => {
    const project = await belay.project();
    const run = await project.run();
    await run.closed();
    const [history] = await historiesOf(belay.client, run);
    const scheduled = (history?.events ?? []).flatMap(({ activityTaskScheduledEventAttributes: it }) => (it ? [it] : []));
    const tasks = scheduled.map(({ activityType, workflowTaskCompletedEventId: task }) => ({
      name: activityType?.name,
      task: String(task),
    }));
    const besideComment = tasks.filter(({ task }) => task === tasks.find(({ name }) => name === 'commentProgress')?.task);
    expect(new Set(besideComment.map(({ name }) => name))).toEqual(new Set(['commentProgress', 'runAgent']));
    const turns = tasks.filter(({ name }) => name === 'runAgent').map(({ task }) => task);
    expect(new Set(turns).size).toBe(turns.length);
  });

  it('publishes what the agent left in its files, whatever it committed, staged or checked out', async () => {
    const project = await belay.project({
      script: {
        implement: [
          {
            write: { 'notes.md': 'draft\n', 'staged.txt': 'staged\n' },
            run: `git add staged.txt && ${COMMIT}; git checkout --quiet --detach; git branch -f elsewhere; echo final > notes.md; git rm --quiet --cached readme.md`,
          },
        ],
      },
    });
    const view = await (await project.run()).closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    const branch = view.branch as string;
    expect(await project.git('diff', '--name-status', `main..${branch}`)).toBe('A\tnotes.md\nA\tstaged.txt');
    expect(await project.git('show', `${branch}:notes.md`)).toBe('final');
    expect(await project.git('log', '--format=%s', `main..${branch}`)).toBe('fix: write it down');
    expect(await project.git('branch', '--list', 'elsewhere')).toBe('');
  });

  it('changes nothing in the user’s clone but its new branch: dirty files, detached head and hooks stay as they are', async () => {
    const project = await belay.project();
    const hooked = join(project.path, '..', 'hook ran');
    for (const name of ['pre-commit', 'pre-push', 'post-checkout', 'reference-transaction', 'post-receive', 'pre-receive', 'update']) {
      const hook = join(project.path, '.git', 'hooks', name);
      await writeFile(hook, `#!/bin/sh\ntouch "${hooked}"\n`);
      await chmod(hook, 0o755);
    }
    await project.git('-c', 'core.hooksPath=/dev/null', 'checkout', '--quiet', '--detach');
    await writeFile(join(project.path, 'readme.md'), 'changed, not committed\n');
    await writeFile(join(project.path, 'untracked.txt'), 'mine\n');
    await project.git('-c', 'core.hooksPath=/dev/null', 'add', 'readme.md');
    const state = () =>
      Promise.all([project.git('status', '--porcelain=v2', '--branch'), readFile(join(project.path, '.git/HEAD'), 'utf8')]);
    const before = await state();
    const view = await (await project.run()).closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(await state()).toEqual(before);
    await expect(readFile(hooked)).rejects.toThrow('ENOENT');
    expect(await project.git('diff', '--name-only', `HEAD..${view.branch}`)).toBe('notes.md');
  });

  it('ends without a branch where the agent changes nothing, and the issue says so', async () => {
    const project = await belay.project({ script: { implement: [{ say: 'It is written down already.' }] } });
    const view = await (await project.run()).closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'no_changes', summary: 'It is written down already.' });
    expect(view.phases.filter(({ status }) => status === 'skipped').map(({ name }) => name)).toEqual([
      'test',
      'review',
      'document',
      'publish',
    ]);
    expect(await project.branches()).toEqual([]);
    expect(await project.pullRequests()).toEqual([]);
    expect(await project.comment()).toContain('No changes are needed.');
  });

  it('works on a plain request, without an issue to comment on', async () => {
    const project = await belay.project();
    const view = await (await project.run({ target: 'Please write it down' })).closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', request: 'Please write it down' });
    expect(view.branch).toBe(`belay/please-write-it-down-${view.id}`);
  });

  it('joins the issue’s open run instead of starting another', async () => {
    const project = await belay.project({ script: { plan: [{ hang: 'once', say: 'planned' }] } });
    const first = await project.run();
    const second = await project.run();
    expect(second).toMatchObject({ joined: true, workflowId: first.workflowId });
    expect((await belay.ledger.listRuns({ repository: (await first.view()).repository })).map(({ id }) => id)).toEqual([first.id]);
    await first.cancel();
    expect(await first.closed()).toMatchObject({ status: 'cancelled' });
  });

  it('keeps two issues that are worked on at once apart', async () => {
    const project = await belay.project({
      script: { implement: [{ run: 'cat .ports.env >> notes.md; pwd >> notes.md; sleep 0.2; ls >> notes.md' }] },
    });
    const other = join(project.path, '..', 'other.md');
    await writeFile(other, '# Another one\n\nPlease.\n');
    const runs = await Promise.all([project.run(), project.run({ target: other })]);
    const views = await Promise.all(runs.map((run) => run.closed()));
    expect(views.map(({ status, outcome }) => `${status} ${outcome}`)).toEqual(['completed pull_request', 'completed pull_request']);
    const [one = '', two = ''] = await Promise.all(views.map(({ branch }) => project.git('show', `${branch}:notes.md`)));
    const lines = one.split('\n').filter((line) => line.includes('=') || line.startsWith('/'));
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) expect(two.split('\n')).not.toContain(line);
    expect(await project.pullRequests()).toHaveLength(2);
  });
});
