import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScriptTurn } from '../../src/engines/script.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import { phaseOf } from '../support/belay-run.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay();
});
afterAll(() => belay[Symbol.asyncDispose]());

const TESTS = 'test: sh test.sh\n';
const FILES = { 'test.sh': 'test -f broken.txt && exit 1\nexit 0\n', 'readme.md': 'A project.\n' };
const garbage: ScriptTurn = { say: 'I like it.' };
const blocker = { title: 'It is wrong', description: 'Very.', severity: 'blocker', files: ['notes.md'] };
const debt = { title: 'It is ugly', description: 'A bit.', severity: 'tech_debt' };
const passes: ScriptTurn = { json: { passed: true, issues: [debt] } };

describe('a reviewer that gives no valid answer', () => {
  it('is asked again in a new session', async () => {
    const project = await belay.project({ script: { review: [garbage, garbage, passes] } });
    const run = await project.run();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', errors: [] });
    expect((await run.stepNames()).filter((name) => name === 'review')).toHaveLength(2);
    expect(new Set(phaseOf(view, 'review').sessions.map(({ id }) => id)).size).toBe(2);
    const [pullRequest] = await project.pullRequests();
    expect(pullRequest?.draft ?? false).toBe(false);
  });

  it('twice: the finished work is published as a draft that says why, and so does the run', async () => {
    const project = await belay.project({ script: { review: [garbage] } });
    const run = await project.run();
    const view = await run.closed();
    expect(view).toMatchObject({
      status: 'completed',
      outcome: 'pull_request',
      errors: [
        { phase: 'review', code: 'engine_invalid_output', message: expect.stringMatching(/^The reviewer failed twice: /) as string },
      ],
    });
    expect(phaseOf(view, 'review')).toMatchObject({ status: 'failed', error: { code: 'engine_invalid_output' } });
    expect(phaseOf(view, 'document').status).toBe('completed');
    expect(phaseOf(view, 'publish').summary).toBe('#2 (draft)');
    const [pullRequest] = await project.pullRequests();
    expect(pullRequest).toMatchObject({ state: 'open', draft: true });
    expect(pullRequest?.body).toContain('> **Draft.** The work is finished and tested, but its review could not be brought to an end.');
    expect(await project.comment()).toContain('review: not finished: The reviewer failed twice');

    await project.script({ review: [passes] });
    const retried = await project.retry(view);
    expect(await retried.closed()).toMatchObject({
      status: 'completed',
      outcome: 'pull_request',
      branch: view.branch,
      headSha: view.headSha,
    });
    expect(await retried.stepNames()).not.toContain('implement');
    const [ready, ...others] = await project.pullRequests();
    expect(others).toEqual([]);
    expect(ready).toMatchObject({ draft: false, number: pullRequest?.number, headSha: view.headSha });
    expect(ready?.body).not.toContain('**Draft.**');
  });

  it('in the second round: what was mended is published as a draft, with the notes of the first', async () => {
    const project = await belay.project({
      script: {
        review: [{ json: { passed: false, issues: [blocker, debt] } }, garbage],
        'resolve-review-issue': [{ write: { 'notes.md': 'written down well\n' } }],
      },
    });
    const view = await (await project.run()).closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    const [pullRequest] = await project.pullRequests();
    expect(pullRequest).toMatchObject({ draft: true, body: expect.stringContaining('**tech_debt**: It is ugly') as string });
    expect(await project.git('show', `${view.branch}:notes.md`)).toBe('written down well');
  });

  it('parks the run where the repository wants that, and where nothing is going to be published', async () => {
    const project = await belay.project({
      files: { ...FILES, '.belay.yml': `${TESTS}review: { onCrash: park }\n` },
      script: { review: [garbage] },
    });
    const run = await project.run();
    expect((await run.parked()).errors).toMatchObject([{ phase: 'review', code: 'engine_invalid_output' }]);
    await project.script({});
    await run.retry();
    expect(await run.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });

    const other = await belay.project({ script: { review: [garbage] } });
    const alone = await other.run({ pipeline: 'planBuildTestReview' });
    expect((await alone.parked()).errors).toMatchObject([{ phase: 'review', code: 'engine_invalid_output' }]);
    await alone.cancel();
    await alone.closed();
  });
});

describe('a reviewer that crashes', () => {
  it('is started anew, and the work it does then counts', async () => {
    const crash: ScriptTurn = { fail: { code: 'engine_crashed' } };
    const project = await belay.project({ script: { review: [crash, crash, crash, passes] } });
    const view = await (await project.run()).closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', errors: [] });
    expect(phaseOf(view, 'review')).toMatchObject({ status: 'completed', summary: 'passed, 1 noted for later' });
  });

  it('is not what a used up budget or a missing login is: these park', async () => {
    const project = await belay.project({ script: { review: [{ fail: { code: 'engine_not_logged_in' } }] } });
    const run = await project.run();
    expect((await run.parked()).errors).toMatchObject([{ phase: 'review', code: 'engine_not_logged_in' }]);
    expect((await run.stepNames()).filter((name) => name === 'review')).toHaveLength(1);
    await run.cancel();
    await run.closed();
  });
});

describe("the team's criteria for reviews", () => {
  it('are read from the base, in the usual place', async () => {
    const project = await belay.project({
      files: { ...FILES, '.belay.yml': TESTS, '.belay/review.md': 'No semicolons.\n' },
      script: { implement: [{ write: { 'notes.md': 'x\n', '.belay/review.md': 'Everything is fine.\n' } }] },
    });
    const run = await project.run();
    await run.closed();
    const [prompt] = await run.prompts('review');
    expect(prompt).toContain('```criteria\nNo semicolons.\n```');
  });

  it('are read from the file that the settings name, and asked for where it is missing', async () => {
    const project = await belay.project({ files: { ...FILES, '.belay.yml': `${TESTS}review: { criteria: docs/review.md }\n` } });
    const run = await project.run();
    expect((await run.parked()).errors).toMatchObject([
      { phase: 'review', code: 'settings_invalid', message: expect.stringContaining('docs/review.md') as string },
    ]);
    await run.cancel();
    await run.closed();
    await project.commit({ 'docs/review.md': 'Tabs only.\n' });
    const again = await project.run();
    expect(await again.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect((await again.prompts('review')).join('\n')).toContain('Tabs only.');
  });
});

describe('what a review notes for later', () => {
  it('is in the pull request of a retry, and of a ship, that did not review again', async () => {
    const project = await belay.project({ script: { review: [passes], document: [{ hang: true }] } });
    const run = await project.run();
    await run.working('document');
    await run.cancel();
    const cancelled = await run.closed();
    await project.script({ review: [{ json: { passed: true, issues: [] } }] });
    const retried = await project.retry(cancelled);
    await retried.closed();
    expect(await retried.stepNames()).not.toContain('review');

    const other = await belay.project({ script: { review: [passes] } });
    await (await other.run({ pipeline: 'planBuildTestReview' })).closed();
    await (await other.run({ pipeline: 'ship' })).closed();
    for (const each of [project, other]) {
      const [pullRequest] = await each.pullRequests();
      expect(pullRequest?.body).toContain('**tech_debt**: It is ugly');
    }
  });
});
