import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import type { TestRun } from '../support/belay-run.ts';
import { git } from '../support/git-remote.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay();
});
afterAll(() => belay[Symbol.asyncDispose]());

interface Damaged {
  tree: string;
  mirror: string;
  /** What the mirror keeps of the workspace. */
  registration: string;
}

const DAMAGES: Record<string, (place: Damaged) => Promise<unknown>> = {
  'whose tree was deleted': ({ tree }) => rm(tree, { recursive: true }),
  'whose .git file is broken': ({ tree }) => writeFile(join(tree, '.git'), 'gitdir: /elsewhere\n'),
  'whose indexes are corrupt': async ({ registration }) => {
    for (const index of ['index', 'belay-index']) await writeFile(join(registration, index), 'no index');
  },
  'in whose place is another tree': async ({ tree }) => {
    await rm(tree, { recursive: true });
    await mkdir(tree);
    await git(tree, 'init', '--quiet');
    await writeFile(join(tree, 'notes.md'), 'of somebody else\n');
  },
};

/** A run with work in a checkpoint whose worker stops in the middle of a later phase. */
async function interrupted(checkpoints: 'local' | 'remote' = 'local') {
  const settings = `test: sh test.sh\ncheckpoints: ${checkpoints}\n`;
  const project = await belay.project({ files: { '.belay.yml': settings, 'test.sh': 'exit 0\n' } });
  await project.script({ document: [{ hang: 'once', say: 'Nothing to document.' }] });
  const run = await project.run();
  await run.working('document');
  await belay.stopWorker();
  const mirror = join(belay.home, 'mirrors', 'local', `${(await run.view()).repository}.git`);
  return { project, run, place: { tree: run.worktree, mirror, registration: join(mirror, 'worktrees', run.id) } };
}

async function expectPublished(run: TestRun, path: string): Promise<void> {
  expect(await run.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request', errors: [] });
  expect(await git(path, 'show', `${(await run.view()).branch}:notes.md`)).toBe('written down');
  // Nothing that was finished is done again.
  for (const command of ['plan', 'implement']) expect(await run.prompts(command)).toHaveLength(1);
}

describe('a run', () => {
  test.each(Object.keys(DAMAGES))('%s while its worker was down goes on from its checkpoint', async (damage) => {
    const { project, run, place } = await interrupted();
    await DAMAGES[damage]?.(place);
    await belay.startWorker();
    await expectPublished(run, project.path);
  });

  test('whose mirror was deleted goes on from its checkpoint at the remote', async () => {
    const { project, run, place } = await interrupted('remote');
    await rm(place.mirror, { recursive: true });
    await belay.startWorker();
    await expectPublished(run, project.path);
  });

  test('whose mirror was deleted parks where its checkpoints were nowhere else, and can do its work anew', async () => {
    const { project, run, place } = await interrupted('local');
    await rm(place.mirror, { recursive: true });
    await belay.startWorker();
    expect((await run.parked()).errors.at(-1)).toMatchObject({
      code: 'work_elsewhere',
      hint: expect.stringContaining('does the work anew'),
    });
    await run.retry('classify');
    expect(await run.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(await readFile(join(project.path, '.belay.yml'), 'utf8')).toContain('checkpoints: local');
    expect(await run.prompts('implement')).toHaveLength(2);
  });
});
