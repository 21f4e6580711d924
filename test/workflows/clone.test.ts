import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startBelay } from '../support/belay.ts';

/** Passes only in a folder with a git directory of its own. */
const FILES = { '.belay.yml': 'test: sh test.sh\n', 'test.sh': 'test -d .git && git status --short\n', 'readme.md': 'A project.\n' };

test.each([
  ['asked for', FILES, { workspace: 'clone' }],
  ['set by the repository', { ...FILES, '.belay.yml': 'workspace: clone\ntest: sh test.sh\n' }, {}],
] as const)('a run in a clone, %s, comes to a pull request, and leaves nothing of the clone', async (_, files, options) => {
  await using belay = await startBelay();
  const project = await belay.project({ files });
  const run = await project.run(options);
  const view = await run.closed();
  expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', errors: [] });
  expect(await project.git('show', `${view.branch}:notes.md`)).toBe('written down');
  expect(await readdir(join(belay.home, 'trees'))).toEqual([]);
  expect(await readdir(join(belay.home, 'mirrors/local/local/project.git/clones'))).toEqual([]);
});

test('a run shows in what kind of workspace it is: a worktree, unless it asked', async () => {
  await using belay = await startBelay();
  const project = await belay.project({ script: { plan: [{ hang: true }] } });
  for (const workspace of ['clone', undefined] as const) {
    const run = await project.run({ target: `In a ${workspace}`, ...(workspace && { workspace }) });
    const { workspace: shown } = await run.until((view) => view.workspace !== undefined);
    expect(shown).toMatchObject({ kind: workspace ?? 'worktree', path: run.worktree });
    await run.cancel();
    await run.closed();
  }
});
