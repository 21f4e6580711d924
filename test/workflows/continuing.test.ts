import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PipelineName } from '../../src/contracts/constants.ts';
import { PIPELINES } from '../../src/contracts/constants.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import { phaseOf } from '../support/belay-run.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay();
});
afterAll(() => belay[Symbol.asyncDispose]());

const again = { implement: [{ say: 'Wrote more.', write: { 'more.md': 'more\n' } }], 'commit-message': [{ say: 'feat: write more' }] };

describe('a phase alone', () => {
  it('picks up what the issue’s earlier runs left: plan, build, test, review, document, ship', async () => {
    const project = await belay.project();
    const ids: string[] = [];
    const run = async (pipeline: PipelineName) => {
      const started = await project.run({ pipeline });
      const view = await started.closed();
      expect(view, pipeline).toMatchObject({ status: 'completed', ...(ids.length > 0 ? { continues: ids.at(-1) } : {}) });
      ids.push(view.id);
      return { view, steps: await started.stepNames() };
    };
    const planned = await run('plan');
    expect(planned.view).toMatchObject({ outcome: 'phase_done', headSha: planned.view.baseSha });
    const built = await run('build');
    expect(built.steps).toEqual(['read-issue', 'implement']);
    expect(built.view.plan).toEqual(planned.view.plan);
    const tested = await run('test');
    expect(tested.steps).toEqual(['run-tests']);
    expect(tested.view.headSha).toBe(built.view.headSha);
    expect((await run('review')).steps).toEqual(['read-issue', 'review']);
    await project.script({ document: [{ write: { 'docs.md': 'documented\n' } }] });
    expect((await run('document')).view.headSha).not.toBe(built.view.headSha);
    const shipped = await run('ship');
    expect(shipped.steps).toEqual(['run-tests', 'read-issue', 'commit-message', 'pull-request', 'push-branch', 'open-pull-request']);
    expect(await project.git('diff', '--name-only', `main..${shipped.view.branch}`)).toBe('docs.md\nnotes.md');
    expect(await project.git('rev-list', '--count', `main..${shipped.view.branch}`)).toBe('1');
    expect(await project.pullRequests()).toHaveLength(1);
  });

  it('keeps what the base won since the earlier run', async () => {
    const project = await belay.project();
    const built = await (await project.run({ pipeline: 'planBuild' })).closed();
    const base = await project.commit({ 'news.md': 'new on main\n' });
    const shipped = await (await project.run({ pipeline: 'ship' })).closed();
    expect(shipped).toMatchObject({ status: 'completed', outcome: 'pull_request', baseSha: base, continues: built.id });
    expect(await project.git('rev-parse', `${shipped.branch}~1`)).toBe(base);
    expect(await project.git('diff', '--name-only', `main..${shipped.branch}`)).toBe('notes.md');
  });

  it('mends what its review finds, and ship publishes that', async () => {
    const project = await belay.project();
    await (await project.run({ pipeline: 'planBuild' })).closed();
    const blocker = { title: 'It is wrong', description: 'Very.', severity: 'blocker', files: ['notes.md'] };
    await project.script({
      review: [{ json: { passed: false, issues: [blocker] } }, { json: { passed: true, issues: [] } }],
      'resolve-review-issue': [{ write: { 'notes.md': 'written down well\n' } }],
    });
    const reviewed = await (await project.run({ pipeline: 'review' })).closed();
    expect(reviewed).toMatchObject({ status: 'completed', outcome: 'phase_done' });
    const shipped = await (await project.run({ pipeline: 'ship' })).closed();
    expect(await project.git('show', `${shipped.branch}:notes.md`)).toBe('written down well');
  });

  it('runs although it is switched off for whole pipelines: it was asked for by name', async () => {
    const project = await belay.project();
    await project.commit({ '.belay.yml': 'test: sh test.sh\nphases: { document: false }\n' });
    await (await project.run({ pipeline: 'planBuild' })).closed();
    const run = await project.run({ pipeline: 'document' });
    expect(phaseOf(await run.closed(), 'document').status).toBe('completed');
    expect(await run.stepNames()).toContain('document');
  });

  it('of a plain request has no earlier run to go on from, and says what to do', async () => {
    const project = await belay.project();
    await expect(project.run({ pipeline: 'ship', target: 'Please ship it' })).rejects.toMatchObject({
      code: 'earlier_work_missing',
      hint: expect.stringContaining('File the request as an issue') as string,
    });
  });

  it.each(['review', 'document', 'ship'] as const)('%s without earlier work says which command gives it', async (pipeline) => {
    const project = await belay.project();
    const before = await belay.ledger.listRuns();
    await expect(project.run({ pipeline })).rejects.toMatchObject({
      code: 'earlier_work_missing',
      hint: expect.stringMatching(/--pipeline planBuild/) as string,
    });
    expect(await belay.ledger.listRuns()).toEqual(before);
  });
});

describe('every pipeline', () => {
  it.each(['planBuild', 'planBuildTest', 'planBuildTestReview'] satisfies PipelineName[])(
    '%s ends after its last phase, and ship publishes its work',
    async (pipeline) => {
      const project = await belay.project();
      const view = await (await project.run({ pipeline })).closed();
      expect(view).toMatchObject({ status: 'completed', outcome: 'phase_done' });
      expect(view.phases.every(({ status }) => status === 'completed')).toBe(true);
      expect(await project.branches()).toEqual([]);
      expect(await (await project.run({ pipeline: 'ship' })).closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    },
  );

  it('is a Temporal workflow of its name', async () => {
    const types = new Set<string>();
    for await (const { type } of belay.client.workflow.list()) types.add(type);
    expect(PIPELINES).toEqual(expect.arrayContaining([...types]));
  });
});

describe('a ship that was cancelled', () => {
  it('is retried with the work that it was to ship', async () => {
    const project = await belay.project();
    await (await project.run({ pipeline: 'planBuild' })).closed();
    await project.script({ 'pull-request': [{ hang: true }] });
    const shipping = await project.run({ pipeline: 'ship' });
    await shipping.working('pull-request');
    await shipping.cancel();
    const cancelled = await shipping.closed();
    await project.script({});
    const retried = await project.retry(cancelled);
    expect(await retried.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
  });
});

describe('a second run of an issue', () => {
  it('continues the branch of its open pull request with a commit on top', async () => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    await project.script(again);
    const second = await (await project.run()).closed();
    expect(second).toMatchObject({ outcome: 'pull_request', branch: first.branch, continues: first.id, pullRequest: first.pullRequest });
    expect(await project.git('rev-parse', `${first.branch}~1`)).toBe(first.headSha);
    expect(await project.git('log', '--format=%s', `main..${first.branch}`)).toBe('feat: write more\nfix: write it down');
    expect(await project.git('rev-parse', `${first.branch}^{tree}`)).toBe(phaseOf(second, 'test').evidence?.treeHash);
    expect(await project.pullRequests()).toMatchObject([{ headSha: second.headSha, number: first.pullRequest?.number }]);
    expect(await project.branches()).toEqual([first.branch]);
  });

  it('publishes nothing where the agent finds nothing left to do', async () => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    await project.script({ implement: [{ say: 'All is done.' }] });
    expect(await (await project.run()).closed()).toMatchObject({ status: 'completed', outcome: 'no_changes' });
    expect(await project.git('rev-parse', first.branch as string)).toBe(first.headSha);
  });

  it('takes a branch of its own when it is to start fresh, or the pull request is closed', async () => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    const fresh = await (await project.run({ fresh: true })).closed();
    expect(fresh).toMatchObject({ outcome: 'pull_request' });
    expect(fresh).not.toHaveProperty('continues');
    expect(new Set(await project.branches())).toEqual(new Set([first.branch, fresh.branch]));
    const [one, two] = await project.pullRequests();
    for (const { repository, number } of [one, two].filter((each) => each !== undefined)) {
      await belay.forge.setPullRequestState({ repository, number, state: 'merged' });
    }
    const third = await (await project.run()).closed();
    expect(third.branch).not.toBe(fresh.branch);
    expect(await project.pullRequests()).toHaveLength(3);
  });

  it('continues the open pull request although the run before never got a workspace, and so does its retry', async () => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    const cancelPending = async () => {
      await belay.stopWorker();
      const run = await project.run();
      await run.cancel();
      await belay.startWorker();
      const cancelled = await run.closed();
      expect(cancelled).toMatchObject({ status: 'cancelled', branch: first.branch });
      expect(cancelled).not.toHaveProperty('baseSha');
      return cancelled;
    };
    const continued = { outcome: 'pull_request', branch: first.branch, pullRequest: first.pullRequest };
    await project.script(again);
    const retried = await project.retry(await cancelPending());
    expect(await retried.closed()).toMatchObject(continued);
    await cancelPending();
    await project.script({ implement: [{ say: 'Wrote still more.', write: { 'last.md': 'last\n' } }] });
    expect(await (await project.run()).closed()).toMatchObject(continued);
    expect(await project.pullRequests()).toHaveLength(1);
    expect(await project.git('diff', '--name-only', `main..${first.branch}`)).toBe('last.md\nmore.md\nnotes.md');
  });

  it('continues the open pull request although a fresh run was cancelled since, with nothing of that', async () => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    await project.script({ implement: [{ write: { 'fresh.md': 'fresh\n' } }], review: [{ hang: true }] });
    const fresh = await project.run({ fresh: true });
    await fresh.working('review');
    await fresh.cancel();
    await fresh.closed();
    await project.script(again);
    expect(await (await project.run()).closed()).toMatchObject({ outcome: 'pull_request', branch: first.branch, continues: first.id });
    expect(await project.pullRequests()).toHaveLength(1);
    expect(await project.git('diff', '--name-only', `main..${first.branch}`)).toBe('more.md\nnotes.md');
  });

  it('ships what a fresh part of the pipeline has built, although an older pull request is open', async () => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    await project.script({ implement: [{ say: 'Anew.', write: { 'fresh.md': 'fresh\n' } }] });
    const built = await (await project.run({ pipeline: 'planBuild', fresh: true })).closed();
    const shipped = await (await project.run({ pipeline: 'ship' })).closed();
    expect(shipped).toMatchObject({ outcome: 'pull_request', continues: built.id });
    expect(shipped.branch).not.toBe(first.branch);
    expect(await project.git('diff', '--name-only', `main..${shipped.branch}`)).toBe('fresh.md');
  });

  it('that was cancelled before it published is retried with one commit on top of the pull request', async () => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    await project.script({ ...again, review: [{ hang: true }] });
    const second = await project.run();
    await second.working('review');
    await second.cancel();
    const cancelled = await second.closed();
    expect(cancelled).toMatchObject({ status: 'cancelled' });
    await project.script(again);
    const retried = await project.retry(cancelled);
    expect(await retried.closed()).toMatchObject({ outcome: 'pull_request', branch: first.branch, errors: [] });
    expect(await retried.stepNames()).not.toContain('implement');
    expect(await project.git('log', '--format=%s', `main..${first.branch}`)).toBe('feat: write more\nfix: write it down');
    expect(await project.pullRequests()).toHaveLength(1);
  });

  it('that was cancelled in its implementation is retried on top of what the pull request holds', async () => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    await project.script({ implement: [{ hang: true }] });
    const second = await project.run();
    await second.working('implement');
    await second.cancel();
    await project.script(again);
    const retried = await project.retry(await second.closed());
    expect(await retried.closed()).toMatchObject({ outcome: 'pull_request', branch: first.branch, errors: [] });
    expect(await project.git('diff', '--name-only', `main..${first.branch}`)).toBe('more.md\nnotes.md');
    expect(await project.git('rev-parse', `${first.branch}~1`)).toBe(first.headSha);
  });
});

describe('a long request', () => {
  const request = `Write it down. ${'All of it. '.repeat(200)}At the very end too.`;

  it('is retried whole', async () => {
    const project = await belay.project({ script: { implement: [{ hang: true }] } });
    const run = await project.run({ target: request });
    await run.working('implement');
    await run.cancel();
    const cancelled = await run.closed();
    expect(cancelled.request).not.toContain('very end');
    await project.script({});
    const again = await project.retry(cancelled, 'classify');
    expect(await again.closed()).toMatchObject({ outcome: 'pull_request' });
    const [pullRequest] = await project.pullRequests();
    expect(pullRequest?.body).toContain('At the very end too.');
  });

  it('is asked for again where the run had not kept it', async () => {
    const project = await belay.project();
    await belay.stopWorker();
    const run = await project.run({ target: request });
    await run.cancel();
    await belay.startWorker();
    await expect(project.retry(await run.closed())).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('only the beginning is known') as string,
    });
  });
});
