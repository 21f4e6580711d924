import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import { commits, meanwhile, pushes } from '../support/people.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay({ BELAY_TEST_ATTEMPTS: '2' });
});
afterAll(() => belay[Symbol.asyncDispose]());

const files = (draft: string) => ({
  '.belay.yml': `test: sh test.sh\npullRequest: { draft: ${draft} }\n`,
  'test.sh': 'test -f broken.txt && exit 1\nexit 0\n',
  'readme.md': 'A project.\n',
});
const breaks = { implement: [{ say: 'Wrote it down.', write: { 'notes.md': 'written down\n', 'broken.txt': 'x\n' } }] };

describe('a draft while the work is unfinished', () => {
  it('is there before the tests have passed, and ready for review at the end, with one commit', async () => {
    const project = await belay.project({
      files: files('while_unfinished'),
      script: { review: [{ hang: 'once', json: { passed: true, issues: [] } }] },
    });
    const run = await project.run();
    await run.working('review');
    const [early] = await project.pullRequests();
    expect(early).toMatchObject({ state: 'open', draft: true, title: 'It is not written down' });
    expect(early?.body).toContain('> **Draft.** Belay is still working on this');
    expect(await project.branches()).toEqual([early?.branch]);
    await belay.stopWorker();
    await belay.startWorker();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    const [pullRequest, ...others] = await project.pullRequests();
    expect(others).toEqual([]);
    expect(pullRequest).toMatchObject({ draft: false, title: 'Write it down', headSha: view.headSha, branch: early?.branch });
    expect(pullRequest?.body).not.toContain('**Draft.**');
    expect(await project.git('log', '--format=%s', `main..${view.branch}`)).toBe('fix: write it down');
  });

  it('says so when the run parks, and goes on with it', async () => {
    const project = await belay.project({ files: files('while_unfinished'), script: breaks });
    const run = await project.run();
    await run.parked();
    await expect.poll(async () => (await project.pullRequests())[0]?.body).toContain('**Draft.** Belay needs a person');
    const [parked] = await project.pullRequests();
    expect(parked).toMatchObject({ draft: true, state: 'open', body: expect.stringContaining('tests_failing') as string });
    await project.script({ 'resolve-failed-test': [{ run: 'rm -f broken.txt' }] });
    await run.retry();
    expect(await run.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(await project.pullRequests()).toMatchObject([{ draft: false, number: parked?.number }]);
  });

  it('says so when nothing is left of the work in the end', async () => {
    const project = await belay.project({
      files: files('while_unfinished'),
      script: { ...breaks, 'resolve-failed-test': [{ run: 'rm notes.md broken.txt' }] },
    });
    const view = await (await project.run()).closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'no_changes' });
    const [left] = await project.pullRequests();
    expect(left).toMatchObject({ draft: true, state: 'open' });
    expect(left?.body).toContain(
      '**Draft.** No changes are needed after all. The work leaves the repository as it is.\n> This can be closed.',
    );
  });

  it('keeps what people push to it', async () => {
    const project = await belay.project({ files: files('while_unfinished'), script: breaks });
    await project.script({
      ...breaks,
      'resolve-failed-test': [
        { run: `rm broken.txt; ${meanwhile(project, pushes('belay/', 'theirs.md', 'theirs'), commits('news.md', 'news'))}` },
      ],
    });
    const view = await (await project.run()).closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(await project.git('diff', '--name-only', `main...${view.branch}`)).toBe('notes.md\ntheirs.md');
    expect(await project.git('log', '--format=%s', view.branch as string)).toContain('Change theirs.md');
  });

  it('is left alone by a run that makes no changes', async () => {
    const project = await belay.project({
      files: files('while_unfinished'),
      script: { implement: [{ say: 'It is written down already.' }] },
    });
    expect(await (await project.run()).closed()).toMatchObject({ outcome: 'no_changes' });
    expect(await project.pullRequests()).toEqual([]);
  });
});

describe('a repository that wants drafts only', () => {
  it('gets one at the end, which stays a draft until a person makes it ready', async () => {
    const project = await belay.project({ files: files('always') });
    const run = await project.run();
    expect(await run.closed()).toMatchObject({ outcome: 'pull_request' });
    expect((await run.stepNames()).filter((name) => name === 'open-pull-request')).toHaveLength(1);
    const [first] = await project.pullRequests();
    expect(first).toMatchObject({ draft: true });
    expect(first?.body).not.toContain('**Draft.**');
    await project.script({ implement: [{ say: 'More.', write: { 'more.md': 'more\n' } }] });
    await (await project.run()).closed();
    expect(await project.pullRequests()).toMatchObject([{ draft: true, number: first?.number }]);
  });
});
