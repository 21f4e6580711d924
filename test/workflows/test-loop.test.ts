import { access } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScriptTurn } from '../../src/engines/script.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import { phaseOf } from '../support/belay-run.ts';

let belay: Belay;
beforeAll(async () => {
  // One slot, so that a run which keeps its workspace stops the next one.
  belay = await startBelay({ BELAY_MAX_WORKSPACES: '1', BELAY_TEST_ATTEMPTS: '2' });
});
afterAll(() => belay[Symbol.asyncDispose]());

const breaks: ScriptTurn = { write: { 'broken.txt': 'yes\n', 'notes.md': 'written down\n' } };
const mends: ScriptTurn = { run: 'rm -f broken.txt' };

const NODE_PROJECT = {
  'package.json': '{ "type": "module", "scripts": { "test": "node --test" } }\n',
  'sum.js': 'export const sum = (a, b) => a + b;\nexport const twice = (a) => a * 2;\n',
  'sum.test.js': [
    "import { test } from 'node:test';",
    "import assert from 'node:assert/strict';",
    "import { sum, twice } from './sum.js';",
    "test('adds', () => assert.equal(sum(1, 2), 3));",
    "test('doubles', () => assert.equal(twice(2), 4));",
    '',
  ].join('\n'),
};

describe('the test loop', () => {
  it('lists the failing test, has it fixed, runs it alone and then the whole suite', async () => {
    const project = await belay.project({
      files: NODE_PROJECT,
      script: {
        implement: [{ replace: [{ path: 'sum.js', find: 'a + b', with: 'a - b' }] }],
        'resolve-failed-test': [{ say: 'Made it add.', replace: [{ path: 'sum.js', find: 'a - b', with: 'b + a' }] }],
      },
    });
    const run = await project.run({ pipeline: 'planBuildTest' });
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'phase_done' });
    const tested = (await run.steps()).filter(({ phase }) => phase === 'test');
    expect(tested.map(({ name }) => name)).toEqual(['run-tests', 'compare-with-base', 'resolve-failed-test', 'run-test', 'run-tests']);
    expect(tested.map(({ summary }) => summary)).toEqual([
      'npm test: failed (exit code 1)',
      'passes on the base',
      'Made it add.',
      expect.stringMatching(/adds.*: passed/),
      'npm test: passed',
    ]);
    expect(phaseOf(view, 'test')).toMatchObject({ status: 'completed', summary: '2 passed after 2 attempts', evidence: { passed: true } });
  });

  it('names failing tests in plain text, whatever the repository calls them', async () => {
    const project = await belay.project({
      files: NODE_PROJECT,
      script: {
        implement: [{ write: { 'red.test.js': "import { test } from 'node:test';\ntest('is \\x1b[31mred', () => assert.fail());\n" } }],
      },
    });
    const run = await project.run({ pipeline: 'planBuildTest' });
    const { errors } = await run.parked();
    expect(errors).toMatchObject([{ code: 'tests_failing', message: expect.stringContaining('is red') as string }]);
    await run.cancel();
    await run.closed();
  });

  it('goes on with a failure that the fix of another one brought in', async () => {
    const project = await belay.project({
      files: { ...NODE_PROJECT, '.belay.yml': 'limits: { testAttempts: 3 }\n' },
      script: {
        implement: [{ replace: [{ path: 'sum.js', find: 'a + b', with: 'a - b' }] }],
        'resolve-failed-test': [
          {
            replace: [
              { path: 'sum.js', find: 'a - b', with: 'b + a' },
              { path: 'sum.js', find: 'a * 2', with: 'a * 3' },
            ],
          },
          { replace: [{ path: 'sum.js', find: 'a * 3', with: '2 * a' }] },
        ],
      },
    });
    const run = await project.run({ pipeline: 'planBuildTest' });
    const view = await run.closed();
    expect(phaseOf(view, 'test')).toMatchObject({ status: 'completed', summary: '2 passed after 3 attempts' });
    expect((await run.stepNames()).filter((name) => name === 'resolve-failed-test')).toHaveLength(2);
  });

  it('parks when the attempts are used up, gives its workspace back, says on the issue how to go on, and goes on when told', async () => {
    const project = await belay.project({ script: { implement: [breaks] } });
    const run = await project.run();
    const parked = await run.parked();
    expect(parked.errors).toMatchObject([{ phase: 'test', code: 'tests_failing', hint: expect.stringContaining('belay retry') as string }]);
    expect(phaseOf(parked, 'test')).toMatchObject({ status: 'failed', evidence: { passed: false, exitCode: 1 } });
    expect(parked).not.toHaveProperty('workspace');
    await expect(access(run.worktree)).rejects.toThrow('ENOENT');
    const comment = await project.comment();
    expect(comment).toContain('Belay needs a person.');
    expect(comment).toContain(`belay retry ${run.id}`);

    const other = await belay.project();
    expect(await (await other.run()).closed()).toMatchObject({ status: 'completed' });

    await project.script({ 'resolve-failed-test': [mends] });
    await run.retry();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    const names = await run.stepNames();
    expect(names.filter((name) => name === 'implement' || name === 'plan')).toEqual(['plan', 'implement']);
    expect(await project.git('diff', '--name-only', `main..${view.branch}`)).toBe('notes.md');
  });

  it('starts over from the phase that a retry names, at the checkpoint before it', async () => {
    const project = await belay.project({ script: { implement: [breaks, { run: 'ls > notes.md' }] } });
    const run = await project.run();
    await run.parked();
    await run.retry('plan');
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    const names = await run.stepNames();
    expect(names.filter((name) => ['classify', 'plan', 'implement'].includes(name))).toEqual([
      'classify',
      'plan',
      'implement',
      'plan',
      'implement',
    ]);
    expect(await project.git('show', `${view.branch}:notes.md`)).not.toContain('broken.txt');
  });

  it('answers a retry from a phase that the run does not have, or has not come to, and stays parked for the next one', async () => {
    const project = await belay.project({ script: { implement: [breaks] } });
    const run = await project.run();
    await run.parked();
    await run.retry('dance');
    await run.retry('publish');
    const still = await run.until(({ errors }) => errors.length === 3);
    expect(still).toMatchObject({ status: 'parked' });
    expect(still.errors.map(({ message }) => message).slice(1)).toEqual([
      'The pipeline sdlc has no phase dance.',
      'The run has not come to publish yet.',
    ]);
    await project.script({ 'resolve-failed-test': [mends] });
    await run.retry();
    expect(await run.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect((await run.stepNames()).filter((name) => name === 'implement')).toHaveLength(1);
  });
});

describe('the review loop', () => {
  const blocker = { title: 'It is wrong', description: 'Very.', severity: 'blocker', files: ['notes.md'] };
  const debt = { title: 'It is ugly', description: 'A bit.', severity: 'tech_debt' };

  it('has blockers resolved, tests and reviews again, and notes the rest in the pull request', async () => {
    const project = await belay.project({
      script: {
        review: [{ json: { passed: false, issues: [debt, blocker] } }, { json: { passed: true, issues: [debt] } }],
        'resolve-review-issue': [{ write: { 'notes.md': 'written down well\n' } }],
      },
    });
    const run = await project.run();
    const view = await run.closed();
    expect(phaseOf(view, 'review')).toMatchObject({ status: 'completed', summary: 'passed after 2 reviews, 1 noted for later' });
    expect((await run.steps()).filter(({ phase }) => phase === 'review').map(({ name }) => name)).toEqual([
      'review',
      'resolve-review-issue',
      'run-tests',
      'review',
    ]);
    expect(await project.git('show', `${view.branch}:notes.md`)).toBe('written down well');
    const [pullRequest] = await project.pullRequests();
    expect(pullRequest?.body).toContain('**tech_debt**: It is ugly');
    expect(pullRequest?.body).not.toContain('It is wrong');
  });

  it('resolves what the fix of a blocker broke in the tests', async () => {
    const project = await belay.project({
      script: {
        review: [{ json: { passed: false, issues: [blocker] } }, { json: { passed: true, issues: [] } }],
        'resolve-review-issue': [breaks],
        'resolve-failed-test': [mends],
      },
    });
    const run = await project.run();
    expect(await run.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect((await run.stepNames()).filter((name) => name === 'resolve-failed-test')).toHaveLength(1);
  });

  it('parks when a blocker stays', async () => {
    const project = await belay.project({
      files: { '.belay.yml': 'test: sh test.sh\nlimits: { reviewAttempts: 2 }\n', 'test.sh': 'exit 0\n' },
      script: { review: [{ json: { passed: false, issues: [blocker] } }] },
    });
    const run = await project.run();
    const parked = await run.parked();
    expect(parked.errors).toMatchObject([
      { phase: 'review', code: 'review_blockers', message: 'The review still finds a blocker after 2 attempts: It is wrong.' },
    ]);
    expect((await run.stepNames()).filter((name) => name === 'review')).toHaveLength(2);
    await project.script({});
    await run.retry();
    expect(await run.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
  });
});
