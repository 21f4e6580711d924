import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import { phaseOf } from '../support/belay-run.ts';
import { commits, meanwhile } from '../support/people.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay();
});
afterAll(() => belay[Symbol.asyncDispose]());

/** The agent's own work, during which somebody does something. */
const during = (run: string) => ({ implement: [{ say: 'Wrote it down.', write: { 'notes.md': 'written down\n' }, run }] });
const again = { implement: [{ say: 'Wrote more.', write: { 'more.md': 'more\n' } }] };

describe('a base that moved while the run worked', () => {
  it('is below the published commit, which was tested with it', async () => {
    const project = await belay.project();
    const old = await project.git('rev-parse', 'main');
    await project.script(during(meanwhile(project, commits('news.md', 'news'))));
    const run = await project.run();
    const view = await run.closed();
    const base = await project.git('rev-parse', 'main');
    expect(base).not.toBe(old);
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', baseSha: base, errors: [] });
    const branch = view.branch as string;
    expect(await project.git('rev-parse', `${branch}~1`)).toBe(base);
    expect(await project.git('diff', '--name-only', `main..${branch}`)).toBe('notes.md');
    expect(await project.git('log', '-1', '--format=%s', branch)).toBe('fix: write it down');
    expect((await run.stepNames()).slice(-5)).toEqual(['push-branch', 'take-in', 'run-tests', 'push-branch', 'open-pull-request']);
    expect(phaseOf(view, 'publish').summary).toBe(`#2, with main at ${base.slice(0, 12)}`);
    expect(await project.git('rev-parse', `${branch}^{tree}`)).toBe(phaseOf(view, 'test').evidence?.treeHash);
  });

  it('is tested with the work: what it breaks is mended before it is published', async () => {
    const project = await belay.project();
    await project.script({
      ...during(meanwhile(project, commits('broken.txt', 'by somebody'))),
      'resolve-failed-test': [{ run: 'rm -f broken.txt' }],
    });
    const view = await (await project.run()).closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(await project.git('diff', '--name-status', `main..${view.branch}`)).toBe('D\tbroken.txt\nA\tnotes.md');
  });

  it('is merged where the repository wants that, and left alone where it wants that', async () => {
    const project = await belay.project();
    for (const updateBase of ['merge', 'off']) {
      await project.commit({ '.belay.yml': `test: sh test.sh\npullRequest: { updateBase: ${updateBase} }\n` });
      const old = await project.git('rev-parse', 'main');
      await project.script(during(meanwhile(project, commits(`${updateBase}.md`, 'news'))));
      const { branch = '', ...view } = await (await project.run({ fresh: true })).closed();
      expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
      const isMerged = updateBase === 'merge';
      expect(await project.git('log', '--first-parent', '--format=%s', `${old}..${branch}`)).toBe(
        isMerged ? 'Merge main\nfix: write it down' : 'fix: write it down',
      );
      expect(await project.git('rev-parse', isMerged ? `${branch}^2` : `${branch}~1`)).toBe(isMerged ? view.baseSha : old);
      expect(await project.git('diff', '--name-only', `main...${branch}`)).toBe('notes.md');
    }
  });

  it('is merged into the branch of an open pull request, whose commits stay', async () => {
    const project = await belay.project();
    const first = await (await project.run()).closed();
    const base = await project.commit({ 'news.md': 'news\n' });
    await project.script(again);
    const second = await (await project.run()).closed();
    expect(second).toMatchObject({ outcome: 'pull_request', branch: first.branch, baseSha: base });
    expect(await project.git('rev-parse', `${first.branch}~2`, `${first.branch}^2`)).toBe(`${first.headSha}\n${base}`);
    expect(await project.git('diff', '--name-only', `main...${first.branch}`)).toBe('more.md\nnotes.md');
    await project.script({ implement: [{ say: 'And more.', write: { 'last.md': 'last\n' } }] });
    const third = await (await project.run()).closed();
    expect(await project.git('rev-parse', `${first.branch}~1`)).toBe(second.headSha);
    expect(await project.git('diff', '--name-only', `main...${third.branch}`)).toBe('last.md\nmore.md\nnotes.md');
  });

  it('whose settings are wrong parks the run, which takes in the mended ones when it is retried', async () => {
    const project = await belay.project();
    await project.script(during(meanwhile(project, commits('.belay.yml', 'tests: sh test.sh'))));
    const run = await project.run();
    expect((await run.parked()).errors).toMatchObject([{ phase: 'publish', code: 'settings_invalid' }]);
    await project.commit({ '.belay.yml': 'test: sh test.sh\nlimits: { testAttempts: 2 }\n' });
    await run.retry();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', baseSha: await project.git('rev-parse', 'main') });
    expect(await project.git('diff', '--name-only', `main..${view.branch}`)).toBe('notes.md');
  });

  it('that has won the same change leaves nothing to publish, and the issue says so', async () => {
    const project = await belay.project();
    await project.script(during(meanwhile(project, commits('notes.md', 'written down'))));
    const view = await (await project.run()).closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'no_changes', summary: 'The work leaves the repository as it is.' });
    expect(await project.branches()).toEqual([]);
    expect(await project.comment()).toContain('No changes are needed.');
  });

  it('is forgotten by a retry from an earlier phase, which begins on the old base and takes it in again', async () => {
    const project = await belay.project();
    await project.script(during(meanwhile(project, commits('broken.txt', 'by somebody'))));
    const run = await project.run();
    const parked = await run.parked();
    expect(parked.errors).toMatchObject([{ phase: 'publish', code: 'tests_failing' }]);
    await project.commit({ 'broken.txt': '' });
    await project.git('rm', '--quiet', 'broken.txt');
    await project.commit({});
    await project.script({});
    await run.retry('implement');
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', baseSha: await project.git('rev-parse', 'main') });
    expect(await project.git('diff', '--name-status', `main..${view.branch}`)).toBe('A\tnotes.md');
  });
});

describe('a base that conflicts with the work', () => {
  const conflicting = (run: string) => ({ implement: [{ say: 'Wrote it.', write: { 'readme.md': 'Our project.\n' }, run }] });

  it('is resolved by the agent, tested and published', async () => {
    const project = await belay.project();
    await project.script({
      ...conflicting(meanwhile(project, commits('readme.md', 'Their project.'))),
      'resolve-conflict': [{ run: 'grep -q "^<<<<<<< " readme.md && echo "Our and their project." > readme.md' }],
    });
    const run = await project.run();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(await project.git('show', `${view.branch}:readme.md`)).toBe('Our and their project.');
    expect(await project.git('rev-parse', `${view.branch}~1`)).toBe(await project.git('rev-parse', 'main'));
    expect((await run.stepNames()).slice(-7)).toEqual(
      ['push-branch', 'take-in', 'resolve-conflict', 'find-conflicts', 'run-tests', 'push-branch'].concat('open-pull-request'),
    );
  });

  it('parks where the agent leaves conflict markers, names the files, and goes on from the work before', async () => {
    const project = await belay.project();
    await project.script(conflicting(meanwhile(project, commits('readme.md', 'Their project.'))));
    const run = await project.run();
    const parked = await run.parked();
    expect(parked.errors).toMatchObject([
      {
        phase: 'publish',
        code: 'merge_conflict',
        message: expect.stringMatching(/^The work conflicts with main at \w{12}, and 3 attempts left conflicts in readme\.md\.$/) as string,
      },
    ]);
    expect(await project.branches()).toEqual([]);
    await project.script({ 'resolve-conflict': [{ run: 'echo "Our and their project." > readme.md' }] });
    await run.retry();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(await project.git('show', `${view.branch}:readme.md`)).toBe('Our and their project.');
    expect((await run.stepNames()).filter((name) => name === 'implement')).toHaveLength(1);
  });
});
