import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import type { BelayProject } from '../support/belay-project.ts';
import { phaseOf } from '../support/belay-run.ts';
import { commits, meanwhile, pushes } from '../support/people.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay();
});
afterAll(() => belay[Symbol.asyncDispose]());

/** A second run of the issue writes more, while somebody does something. */
const again = (run: string) => ({
  implement: [{ say: 'Wrote more.', write: { 'more.md': 'more\n' }, run }],
  'commit-message': [{ say: 'feat: write more' }],
});

const setState = async (project: BelayProject, state: 'closed' | 'merged') => {
  const [pullRequest] = await project.pullRequests();
  if (pullRequest) await belay.forge.setPullRequestState({ ...pullRequest, state });
};

describe('commits that people push to the branch meanwhile', () => {
  it('stay, below the work, which is tested with them', async () => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    await project.script(again(meanwhile(project, pushes('belay/', 'theirs.md', 'theirs'))));
    const run = await project.run();
    const second = await run.closed();
    expect(second).toMatchObject({ status: 'completed', outcome: 'pull_request', branch: first.branch, pullRequest: first.pullRequest });
    const branch = second.branch as string;
    expect(await project.git('log', '--format=%s', `main..${branch}`)).toBe('feat: write more\nChange theirs.md\nfix: write it down');
    expect(await project.git('diff', '--name-only', `main..${branch}`)).toBe('more.md\nnotes.md\ntheirs.md');
    expect((await run.stepNames()).slice(-5)).toEqual(['push-branch', 'take-in', 'run-tests', 'push-branch', 'open-pull-request']);
    expect(phaseOf(second, 'publish').summary).toMatch(/^#2, on people's commits of belay\//);
    expect(await project.git('rev-parse', `${branch}^{tree}`)).toBe(phaseOf(second, 'test').evidence?.treeHash);
  });

  it('stay although the base has moved too: it is merged, and nothing is rewritten', async () => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    await project.script(again(meanwhile(project, pushes('belay/', 'theirs.md', 'theirs'), commits('news.md', 'news'))));
    const second = await (await project.run()).closed();
    expect(second).toMatchObject({ status: 'completed', outcome: 'pull_request', baseSha: await project.git('rev-parse', 'main') });
    expect(await project.git('rev-parse', `${first.branch}^2`)).toBe(second.baseSha);
    expect(await project.git('log', '--first-parent', '--format=%s', `main...${first.branch}`)).toBe(
      'Merge main\nfeat: write more\nChange theirs.md\nfix: write it down',
    );
    expect(await project.git('diff', '--name-only', `main...${first.branch}`)).toBe('more.md\nnotes.md\ntheirs.md');
  });

  it('stay when the run is retried from before it took them in', async () => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    await project.script(again(meanwhile(project, pushes('belay/', 'broken.txt', 'theirs'))));
    const run = await project.run();
    expect((await run.parked()).errors).toMatchObject([{ phase: 'publish', code: 'tests_failing' }]);
    await project.script({ ...again('true'), 'resolve-failed-test': [{ run: 'rm broken.txt' }] });
    await run.retry('implement');
    expect(await run.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(await project.git('log', '--format=%s', `main..${first.branch}`)).toBe(
      'feat: write more\nChange broken.txt\nfix: write it down',
    );
  });

  it('stay where they came before the run began, which did not know of them', async () => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    await project.git('switch', '--quiet', first.branch as string);
    const headSha = await project.commit({ 'theirs.md': 'theirs\n' }, 'Change theirs.md');
    await project.git('switch', '--quiet', 'main');
    // As forges do by themselves.
    for (const pullRequest of await project.pullRequests()) await belay.forge.updatePullRequest({ ...pullRequest, state: 'open', headSha });
    await project.script(again('true'));
    expect(await (await project.run()).closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(await project.git('log', '--format=%s', `main..${first.branch}`)).toBe('feat: write more\nChange theirs.md\nfix: write it down');
    expect(await project.git('diff', '--name-only', `main..${first.branch}`)).toBe('more.md\nnotes.md\ntheirs.md');
  });

  it('park the run where they rewrote what was there, and are left alone', async () => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    const rewrite = 'branch=$(git for-each-ref --format="%(refname)" refs/heads/belay/) && git update-ref "$branch" main';
    await project.script(again(meanwhile(project, rewrite)));
    const run = await project.run();
    const parked = await run.parked();
    const main = await project.git('rev-parse', 'main');
    expect(parked.errors).toMatchObject([
      {
        code: 'branch_moved',
        message: `Branch ${first.branch} is at ${main.slice(0, 12)}, but Belay knows it at ${first.headSha?.slice(0, 12)}: somebody rewrote it.`,
        hint: expect.stringContaining('--fresh') as string,
      },
    ]);
    expect(await project.git('rev-parse', first.branch as string)).toBe(main);
    await run.cancel();
    await run.closed();
  });
});

describe('a branch that is deleted meanwhile', () => {
  it('is pushed anew, and the run says so', async () => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    await project.git('branch', '-D', first.branch as string);
    await project.script(again('true'));
    const second = await (await project.run()).closed();
    expect(second).toMatchObject({ status: 'completed', outcome: 'pull_request', branch: first.branch });
    expect(phaseOf(second, 'publish').summary).toBe('#2, its branch was gone and was pushed anew');
    expect(await project.git('log', '--format=%s', `main..${first.branch}`)).toBe('feat: write more\nfix: write it down');
  });
});

describe('a pull request that is closed or merged meanwhile', () => {
  it.each(['closed', 'merged'] as const)('%s: ends the run, which opens no second one; a retry does', async (state) => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    await project.script({ ...again('true'), review: [{ hang: 'once', json: { passed: true, issues: [] } }] });
    const run = await project.run();
    await run.working('review');
    await setState(project, state);
    await belay.stopWorker();
    await belay.startWorker();
    const second = await run.closed();
    expect(second).toMatchObject({ status: 'cancelled', errors: [] });
    expect(second.summary).toContain(`Pull request #2 was ${state} meanwhile`);
    expect(phaseOf(second, 'publish').status).toBe('cancelled');
    expect(await run.temporalStatus()).toBe('CANCELLED');
    expect(await project.pullRequests()).toHaveLength(1);
    expect(await project.git('rev-parse', first.branch as string)).toBe(first.headSha);
    expect(await project.comment()).toContain(`Pull request #2 was ${state} meanwhile`);
    const retried = await project.retry(second);
    const third = await retried.closed();
    expect(third).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(third.branch).not.toBe(first.branch);
    expect(await retried.stepNames()).not.toContain('implement');
    expect(await project.git('diff', '--name-only', `main...${third.branch}`)).toBe('more.md\nnotes.md');
  });
});

describe('an issue that is closed meanwhile', () => {
  it('ends the run without a pull request; the work is kept for a retry', async () => {
    const project = await belay.project({ script: { review: [{ hang: 'once', json: { passed: true, issues: [] } }] } });
    const run = await project.run();
    await run.working('review');
    await project.setIssueState('closed');
    await belay.stopWorker();
    await belay.startWorker();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'cancelled', errors: [] });
    expect(view.summary).toContain('Issue #1 was closed meanwhile: nothing was published.');
    expect(await project.comment()).toContain('Issue #1 was closed meanwhile');
    expect(await project.branches()).toEqual([]);
    expect(await project.pullRequests()).toEqual([]);
    await project.setIssueState('open');
    const retried = await project.retry(view);
    expect(await retried.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(await retried.stepNames()).not.toContain('implement');
  });
});
