import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScriptTurn } from '../../src/engines/script.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import { phaseOf } from '../support/belay-run.ts';
import type { TestRun } from '../support/belay-run.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay();
});
afterAll(() => belay[Symbol.asyncDispose]());

const SUM_TEST = [
  "import { test } from 'node:test';",
  "import assert from 'node:assert/strict';",
  "import { sum, twice } from './sum.js';",
  "test('adds', () => assert.equal(sum(1, 2), 3));",
  "test('doubles', () => assert.equal(twice(2), 4));",
  '',
].join('\n');
const PROJECT = {
  'package.json': '{ "type": "module", "scripts": { "test": "node --test" } }\n',
  'sum.js': 'export const sum = (a, b) => a + b;\nexport const twice = (a) => a * 2;\n',
  'sum.test.js': SUM_TEST,
};
/** `doubles` fails before anybody has touched anything. */
const HALF_BROKEN = { ...PROJECT, 'sum.js': PROJECT['sum.js'].replace('a * 2', 'a * 3') };

const INSTALLED = 'export const times = (a, b) => a * b;';

const replace = (path: string, find: string, replacement: string): ScriptTurn => ({ replace: [{ path, find, with: replacement }] });
const breaks = replace('sum.js', 'a + b', 'a - b');
const mends = replace('sum.js', 'a - b', 'b + a');
const skips = replace('sum.test.js', "test('adds'", "test.skip('adds'");

const testing = async (run: TestRun): Promise<string[]> =>
  (await run.steps()).filter(({ phase }) => phase === 'test').map(({ name }) => name);

describe('tests that fail on the base', () => {
  it('do not block, are told apart everywhere, and are found out once for all runs of that base', async () => {
    const counter = join(belay.home, 'suites');
    const project = await belay.project({ files: { ...HALF_BROKEN, '.belay.yml': `test: echo once >> '${counter}'; node --test\n` } });
    const run = await project.run();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', errors: [] });
    expect(phaseOf(view, 'test')).toMatchObject({
      summary: '1 passed, 1 failing on the base already',
      evidence: { passed: false, exitCode: 1, knownFailures: { count: 1, names: ['doubles'] } },
    });
    expect(await run.stepNames()).not.toContain('resolve-failed-test');
    expect((await run.prompts('review'))[0]).toContain(
      'fails (exit code 1) on this tree, and does so on the base without this change: doubles.',
    );
    const [pullRequest] = await project.pullRequests();
    expect(pullRequest?.body).toContain('**One test failed on the base already**, and no other fails: `doubles`.');
    const suites = async (): Promise<number> => (await readFile(counter, 'utf8')).trim().split('\n').length;
    expect(await suites()).toBe(2);

    const second = await project.run({ target: 'Write it down once more', pipeline: 'planBuildTest' });
    expect(phaseOf(await second.closed(), 'test')).toMatchObject({ status: 'completed' });
    expect(await suites()).toBe(3);
  });

  it('are left to others while what is new is fixed', async () => {
    const project = await belay.project({ files: HALF_BROKEN, script: { implement: [breaks], 'resolve-failed-test': [mends] } });
    const run = await project.run({ pipeline: 'planBuildTest' });
    expect(phaseOf(await run.closed(), 'test')).toMatchObject({
      status: 'completed',
      summary: '1 passed, 1 failing on the base already after 2 attempts',
    });
    const prompts = await run.prompts('resolve-failed-test');
    expect(prompts).toHaveLength(1);
    expect(prompts[0]).toContain('- Name: adds');
  });

  it('are not those that fail by what the agent left beside its commits, for this run and for later ones', async () => {
    const project = await belay.project({
      files: {
        ...PROJECT,
        '.gitignore': 'installed/\n',
        'sum.js':
          "import { times } from './installed/times.js';\nexport const sum = (a, b) => a + b;\nexport const twice = (a) => times(a, 2);\n",
        '.belay.yml': `setup: mkdir -p installed && echo '${INSTALLED}' > installed/times.js\ntest: npm test\nlimits: { testAttempts: 1 }\n`,
      },
      script: { implement: [{ write: { 'notes.md': 'noted\n', 'installed/times.js': INSTALLED.replace('*', '+ 7 *') } }] },
    });
    const run = await project.run({ pipeline: 'planBuildTest' });
    expect((await run.parked()).errors).toMatchObject([{ code: 'tests_failing', message: expect.stringContaining('doubles') as string }]);
    expect(await readdir(join(belay.home, 'trees'))).not.toContainEqual(expect.stringContaining('-base'));
    await run.cancel();
  });

  it('block where the repository wants that', async () => {
    const project = await belay.project({ files: { ...HALF_BROKEN, '.belay.yml': 'baseline: strict\nlimits: { testAttempts: 1 }\n' } });
    const run = await project.run({ pipeline: 'planBuildTest' });
    expect((await run.parked()).errors).toMatchObject([{ code: 'tests_failing', message: expect.stringContaining('doubles') as string }]);
    expect(await testing(run)).toEqual(['run-tests']);
    await run.cancel();
  });

  it('block where nothing names them, and the run says why', async () => {
    const project = await belay.project({
      files: { 'test.sh': 'echo no compiler\nexit 2\n', '.belay.yml': 'test: sh test.sh\nlimits: { testAttempts: 1 }\n' },
    });
    const run = await project.run({ pipeline: 'planBuildTest' });
    const { errors } = await run.parked();
    expect(errors[0]?.message).toContain(
      '`sh test.sh` names no failing tests and fails on the base too: what is new cannot be told apart.',
    );
    await run.cancel();
  });
});

describe('a fix that has the tests find less', () => {
  it('is undone, and the next one is told why', async () => {
    const project = await belay.project({
      files: PROJECT,
      script: { implement: [breaks], 'resolve-failed-test': [{ ...skips, say: 'Skipped it.' }, mends] },
    });
    const run = await project.run();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(await project.git('diff', '--name-only', `main..${view.branch}`)).toBe('sum.js');
    const [, second = ''] = await run.prompts('resolve-failed-test');
    expect(second).toContain('Attempt 1, adds: Skipped it.');
    expect(second).toContain('This was undone, because the tests would find less: a mark that has tests skipped');
    expect(await run.log()).toMatch(/resolve-failed-test was undone.*undone\.diff/);
  });

  it('parks the run where no other fix is found', async () => {
    const project = await belay.project({
      files: { ...PROJECT, '.belay.yml': 'limits: { testAttempts: 2 }\n' },
      script: { implement: [breaks], 'resolve-failed-test': [skips] },
    });
    const run = await project.run({ pipeline: 'planBuildTest' });
    const parked = await run.parked();
    expect(parked.errors).toMatchObject([{ code: 'tests_weakened', message: expect.stringContaining('would have found less') as string }]);
    // What was undone is the tree that was checked: the suite did not have to run again.
    expect((await testing(run)).filter((name) => name === 'run-tests')).toHaveLength(1);
    await run.cancel();
  });

  it('is noticed by the tests that do not run any more, where no test was touched', async () => {
    const project = await belay.project({
      files: {
        ...PROJECT,
        'cases.js': 'export const cases = { one: 1, two: 2 };\n',
        'cases.test.js': [
          "import { test } from 'node:test';",
          "import assert from 'node:assert/strict';",
          "import { cases } from './cases.js';",
          "import { sum } from './sum.js';",
          'for (const [name, number] of Object.entries(cases)) test(name, () => assert.equal(sum(number, 0) === number && sum(0, number), number));',
          '',
        ].join('\n'),
        'sum.test.js': "import { test } from 'node:test';\ntest('is there', () => {});\n",
      },
      script: {
        implement: [replace('sum.js', 'a + b', 'b === 2 ? 0 : a + b')],
        'resolve-failed-test': [
          { ...replace('cases.js', ', two: 2', ''), say: 'Took it out.' },
          replace('sum.js', 'b === 2 ? 0 : a + b', 'b + a'),
        ],
      },
    });
    const run = await project.run({ pipeline: 'planBuildTest' });
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed' });
    expect(phaseOf(view, 'test')).toMatchObject({ summary: '3 passed after 3 attempts' });
    const [, second = ''] = await run.prompts('resolve-failed-test');
    expect(second).toContain('All of it was undone: tests that ran before did not run any more, or were skipped (two).');
  });

  it('is undone in the review as well', async () => {
    const blocker = { title: 'It is wrong', description: 'Very.', severity: 'blocker', files: ['notes.md'] };
    const project = await belay.project({
      files: PROJECT,
      script: {
        review: [
          { json: { passed: false, issues: [blocker] } },
          { json: { passed: false, issues: [blocker] } },
          { json: { passed: true, issues: [] } },
        ],
        'resolve-review-issue': [
          { write: { 'sum.test.js': SUM_TEST.replace(/test\('doubles.*\n/, '') } },
          { write: { 'notes.md': 'written down well\n' } },
        ],
      },
    });
    const run = await project.run();
    const view = await run.closed();
    expect(await project.git('diff', '--name-only', `main..${view.branch}`)).toBe('notes.md');
    const [, second = ''] = await run.prompts('resolve-review-issue');
    expect(second).toContain('## The last turn of this kind was undone');
    expect(second).toContain('- one test was removed: "doubles"');
    expect(await run.log()).toContain(
      'resolve-review-issue was undone, because the tests would find less: one test was removed: "doubles"',
    );
  });
});

describe('the same failure twice', () => {
  it('has the next attempt start over on another approach, and parks the run when that changes nothing either', async () => {
    const project = await belay.project({
      files: PROJECT,
      script: {
        implement: [breaks],
        'resolve-failed-test': [
          { say: 'Looked at doubling.', ...replace('sum.js', 'a * 2', '2 * a') },
          { say: 'Looked elsewhere.', run: 'grep -c "a \\* 2" sum.js > found.txt' },
        ],
      },
    });
    const run = await project.run({ pipeline: 'planBuildTest' });
    const parked = await run.parked();
    expect(parked.errors).toMatchObject([
      {
        code: 'tests_failing',
        message: expect.stringContaining('still fails in the same way, another approach included, after 3 attempts') as string,
      },
    ]);
    const [first = '', second = '', ...more] = await run.prompts('resolve-failed-test');
    expect(more).toEqual([]);
    expect(first).toContain('This is the first attempt.');
    expect(second).toContain('Looked at doubling.');
    expect(second).toContain('Take another approach');
    // The second fix began where the first one had: both are gone from the work that is kept.
    const kept = parked.headSha as string;
    const mirror = join(belay.home, 'mirrors', 'local', `${parked.repository}.git`);
    expect(await project.git('--git-dir', mirror, 'show', `${kept}:sum.js`)).toContain('a * 2');
    expect(await project.git('--git-dir', mirror, 'ls-tree', '--name-only', kept)).not.toContain('found.txt');
    await run.cancel();
  });
});

describe('affected tests', () => {
  it('run first after a fix, and a failure among them spares the suite', async () => {
    const project = await belay.project({
      files: PROJECT,
      script: {
        implement: [breaks],
        'resolve-failed-test': [
          { replace: [...(mends.replace ?? []), { path: 'sum.test.js', find: 'twice(2), 4', with: 'twice(2), 5' }] },
          replace('sum.test.js', 'twice(2), 5', 'twice(2), 4'),
        ],
      },
    });
    const run = await project.run({ pipeline: 'planBuildTest' });
    expect(phaseOf(await run.closed(), 'test')).toMatchObject({ status: 'completed', summary: '2 passed after 3 attempts' });
    expect((await testing(run)).filter((name) => name === 'run-affected' || name === 'run-tests')).toEqual([
      'run-tests',
      'run-affected',
      'run-affected',
      'run-tests',
    ]);
  });
});

describe('a log that only words tell of', () => {
  const files = {
    'test.sh': 'if [ -e broken.txt ]; then echo "FAIL: adds (sum.c)"; exit 1; fi\n',
    '.belay.yml': 'test: sh test.sh\n',
  };
  const implement: ScriptTurn[] = [{ write: { 'broken.txt': 'yes\n', 'notes.md': 'written down\n' } }];
  const resolve: ScriptTurn[] = [{ run: 'rm -f broken.txt' }];

  it('is read by the agent into a list, whose commands are run only where they are the suite’s own', async () => {
    const tests = [
      { name: 'adds', file: 'sum.c', passed: false, error: 'FAIL: adds (sum.c)', command: 'sh test.sh adds' },
      { name: 'subtracts', passed: false, command: 'sh test.sh; touch stolen.txt' },
      { name: 'multiplies', passed: false, command: 'touch stolen.txt' },
    ];
    const project = await belay.project({
      files,
      script: { implement, 'resolve-failed-test': resolve, 'test-results': [{ json: { tests } }] },
    });
    const run = await project.run({ pipeline: 'planBuildTest' });
    expect(await run.closed()).toMatchObject({ status: 'completed' });
    const [first = '', second = ''] = await run.prompts('resolve-failed-test');
    expect(first).toContain('- Name: adds\n- File: sum.c\n- Run it alone: `sh test.sh adds`');
    expect(first).toContain('FAIL: adds (sum.c)');
    expect(second).toContain('- Name: subtracts\n- File: unknown\n- Run it alone: `sh test.sh`');
    const summaries = (await run.steps()).filter(({ name }) => name === 'run-test').map(({ summary }) => summary);
    expect(summaries).toEqual(['sh test.sh adds: passed']);
  });

  it.each([
    ['an answer that is none', { say: 'I cannot tell.' }],
    ['a list without failures', { json: { tests: [{ name: 'adds', passed: true }] } }],
    ['an agent that refuses', { fail: { code: 'engine_refused' as const } }],
  ])('stands for itself after %s: the exit code is the truth', async (_, answer) => {
    const project = await belay.project({ files, script: { implement, 'resolve-failed-test': resolve, 'test-results': [answer] } });
    const run = await project.run({ pipeline: 'planBuildTest' });
    expect(phaseOf(await run.closed(), 'test')).toMatchObject({ status: 'completed', summary: 'passed after 2 attempts' });
    expect((await run.prompts('resolve-failed-test'))[0]).toContain('- Name: sh test.sh');
  });
});
