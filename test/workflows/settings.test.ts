import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import { phaseOf } from '../support/belay-run.ts';
import { eventually } from '../support/eventually.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay();
});
afterAll(() => belay[Symbol.asyncDispose]());

const TESTS = 'test -f broken.txt && exit 1\nexit 0\n';

describe('a repository’s settings', () => {
  it('are not needed: where no tests are found, that is said and the run goes on', async () => {
    const project = await belay.project({ files: { 'readme.md': 'A project.\n' } });
    const view = await (await project.run()).closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(phaseOf(view, 'test').summary).toBe('no tests: no test command was found; name one in .belay.yml');
    const [pullRequest] = await project.pullRequests();
    expect(pullRequest?.body).toContain('No tests were run');
  });

  it('are read from the base: setup, tests, phases and limits there count, whatever the work changes in them', async () => {
    const settings = 'setup: echo ready > ready.tmp\ntest: cat ready.tmp\nphases: { review: false }\nlimits: { testAttempts: 1 }\n';
    const project = await belay.project({
      files: { '.belay.yml': settings, '.gitignore': '*.tmp\n' },
      script: { implement: [{ write: { '.belay.yml': 'test: exit 1\nphases: { document: false }\n' } }] },
    });
    const run = await project.run();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(phaseOf(view, 'test').evidence).toMatchObject({ command: 'cat ready.tmp', passed: true });
    expect(view.phases.filter(({ status }) => status === 'skipped').map(({ name }) => name)).toEqual(['review']);
    expect(await run.stepNames()).not.toContain('review');
  });

  it('name labels that show on the issue how its run stands, one at a time', async () => {
    const labels = 'issue: { labels: { running: at work, parked: needs a person, completed: done } }\n';
    const project = await belay.project({
      files: { '.belay.yml': `test: sh test.sh\nlimits: { testAttempts: 1 }\n${labels}`, 'test.sh': TESTS },
      script: { implement: [{ write: { 'broken.txt': 'yes\n' } }, { run: 'rm -f broken.txt; echo yes > mended.txt' }] },
    });
    const run = await project.run();
    await run.parked();
    await eventually(async () => expect(await project.labels()).toEqual(['needs a person']));
    await run.retry('implement');
    await run.closed();
    expect(await project.labels()).toEqual(['done']);
  });

  it('limit the attempts', async () => {
    const project = await belay.project({
      files: { '.belay.yml': 'test: sh test.sh\nlimits: { testAttempts: 1 }\n', 'test.sh': TESTS },
      script: { implement: [{ write: { 'broken.txt': 'yes\n' } }] },
    });
    const run = await project.run();
    expect((await run.parked()).errors).toMatchObject([{ code: 'tests_failing' }]);
    expect(await run.stepNames()).not.toContain('resolve-failed-test');
  });

  it('park the run when they cannot be read, with line and column; corrected on the base, a retry goes on', async () => {
    const project = await belay.project({ files: { '.belay.yml': 'test: exit 0\n  limts: {}\n', 'readme.md': 'A project.\n' } });
    const run = await project.run();
    const { errors } = await run.parked();
    expect(errors).toMatchObject([{ code: 'settings_invalid', message: expect.stringMatching(/\.belay\.yml:\d+:\d+: /) as string }]);
    await project.commit({ '.belay.yml': 'test: exit 0\n' });
    await run.retry();
    expect(await run.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
  });

  it('park the run when the setup fails, with the end of its output; corrected on the base, a retry goes on', async () => {
    const project = await belay.project({ files: { '.belay.yml': 'setup: echo no such package; exit 7\ntest: exit 0\n' } });
    const run = await project.run();
    expect((await run.parked()).errors).toMatchObject([
      { code: 'setup_failed', message: 'The setup command `echo no such package; exit 7` ended with exit code 7: no such package' },
    ]);
    await project.commit({ '.belay.yml': 'test: exit 0\n' });
    await run.retry();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(view.baseSha).toBe(await project.git('rev-parse', 'main'));
  });
});

describe('a phase with its own model', () => {
  it('has it in the run and in a retry of it, and the other phases do not', async () => {
    const project = await belay.project({
      files: { '.belay.yml': 'test: exit 0\nmodel: usual\nphases: { plan: { model: special } }\n' },
    });
    const models = async (runId: string) => (await belay.ledger.listSessions(runId)).map(({ name, model }) => [name, model]);
    const run = await project.run({ pipeline: 'plan' });
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', model: 'usual' });
    expect(await models(run.id)).toEqual([
      ['classify', 'usual'],
      ['plan', 'special'],
    ]);
    const again = await project.retry(view, 'classify');
    expect(await again.closed()).toMatchObject({ status: 'completed', model: 'usual' });
    expect(await models(again.id)).toEqual(await models(run.id));
  });
});

describe('a working directory', () => {
  const files = {
    '.belay.yml':
      'workingDirectory: packages/web\nsetup: pwd > where.tmp\ntest: cat where.tmp && test -s started.txt\nstart: { command: ./serve, ports: { WEB_PORT: frontend } }\n',
    '.gitignore': '*.tmp\n',
    'packages/web/readme.md': 'The site.\n',
    'packages/web/AGENTS.md': 'Written in plain words.\n',
    'packages/api/readme.md': 'The server.\n',
  };

  it('is where setup, agents and tests work, with the ports by the names that the app has for them', async () => {
    const project = await belay.project({
      files,
      script: { implement: [{ run: 'echo "$WEB_PORT $FRONTEND_PORT $(pwd)" > started.txt' }] },
    });
    const run = await project.run();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(await project.git('diff', '--name-only', `main..${view.branch}`)).toBe('packages/web/started.txt');
    const [port, same, place] = (await project.git('show', `${view.branch}:packages/web/started.txt`)).split(' ');
    expect(port).toMatch(/^2\d{4}$/);
    expect([same, place]).toEqual([port, `${run.worktree}/packages/web`]);
    expect(phaseOf(view, 'test').evidence).toMatchObject({ passed: true, command: expect.stringContaining('where.tmp') as string });
  });

  it.each([
    ['is not on the base', { ...files, '.belay.yml': 'workingDirectory: packages/wbe\n' }, 'packages/wbe'],
    ['is a file there', { ...files, '.belay.yml': 'workingDirectory: packages/web/readme.md\n' }, 'packages/web/readme.md'],
  ])('that %s parks the run, saying which; corrected on the base, a retry goes on', async (_what, wrong, folder) => {
    const project = await belay.project({ files: wrong });
    const run = await project.run();
    expect((await run.parked()).errors).toMatchObject([
      {
        code: 'settings_invalid',
        message: expect.stringContaining(`The working directory ${folder}, set in .belay.yml, is no folder of the base`) as string,
      },
    ]);
    await project.commit({ '.belay.yml': 'workingDirectory: packages/web\ntest: exit 0\n' });
    await run.retry();
    expect(await run.closed()).toMatchObject({ status: 'completed' });
  });
});

describe('the document phase', () => {
  it('never stops a run', async () => {
    const project = await belay.project({ script: { document: [{ fail: { code: 'engine_refused' } }] } });
    const view = await (await project.run()).closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', errors: [] });
    expect(phaseOf(view, 'document')).toMatchObject({ status: 'failed', error: { code: 'engine_refused' } });
  });

  it('has its changes checked before they are published', async () => {
    const project = await belay.project({ script: { document: [{ write: { 'readme.md': 'A documented project.\n' } }] } });
    const run = await project.run();
    const view = await run.closed();
    const tree = await project.git('rev-parse', `${view.branch}^{tree}`);
    expect(await project.git('show', `${view.branch}:readme.md`)).toBe('A documented project.');
    expect(phaseOf(view, 'test').evidence).toMatchObject({ passed: true, treeHash: tree });
    expect((await run.steps()).filter(({ name }) => name === 'run-tests').map(({ phase }) => phase)).toEqual(['test', 'publish']);
  });

  it('has its changes left out where the tests fail with them, and what is published is what was checked', async () => {
    const project = await belay.project({
      script: { document: [{ write: { 'broken.txt': 'documented\n', 'readme.md': 'A documented project.\n' } }] },
    });
    const view = await (await project.run()).closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(phaseOf(view, 'document').summary).toBe('left out: the checks failed with it');
    expect(await project.git('diff', '--name-only', `main..${view.branch}`)).toBe('notes.md');
    expect(phaseOf(view, 'test').evidence).toMatchObject({
      passed: true,
      treeHash: await project.git('rev-parse', `${view.branch}^{tree}`),
    });
  });
});
