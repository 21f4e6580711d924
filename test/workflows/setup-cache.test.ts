import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay();
});
afterAll(() => belay[Symbol.asyncDispose]());

/** Its content names the worktree that it was made in. */
const SETTINGS = 'setup: mkdir -p deps && pwd > deps/made-in\nsetupCache: deps\ntest: cp deps/made-in seen.txt\n';
const FILES = { '.belay.yml': SETTINGS, '.gitignore': 'deps/\n', 'package-lock.json': '{"lockfileVersion":3}\n' };

it('a run takes what an earlier one set up by the same lock files, and sets up anew when they change', async () => {
  const project = await belay.project({
    files: FILES,
    script: { implement: [{ run: 'cp deps/made-in made-in.txt; echo changed in place > deps/made-in' }] },
  });
  const start = async (target: string) => {
    const run = await project.run({ target });
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    return { madeIn: await project.git('show', `${view.branch}:made-in.txt`), worktree: run.worktree, log: await run.log() };
  };
  const first = await start('Do one thing.');
  expect(first.madeIn).toBe(first.worktree);

  const second = await start('Do another thing.');
  expect(second.madeIn).toBe(first.worktree);
  expect(second.log).toContain('setup · deps taken from the cache');

  await project.commit({ 'package-lock.json': '{"lockfileVersion":3,"packages":{}}\n' });
  const third = await start('Do a third thing.');
  expect(third.madeIn).toBe(third.worktree);
});

it('a cache that cannot be used is said, and the setup runs', async () => {
  const project = await belay.project({
    files: { ...FILES, '.belay.yml': SETTINGS.replace('setupCache: deps', 'setupCache: [deps, other]') },
  });
  const run = await project.run({ pipeline: 'planBuildTest' });
  expect(await run.closed()).toMatchObject({ status: 'completed' });
  expect(await run.log()).toContain('setup · not kept for other runs: the setup made no folder other');
});
