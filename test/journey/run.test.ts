import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import type { BelayUser, Ended } from '../support/cli.ts';
import { belayUser, textOf } from '../support/cli.ts';
import { git } from '../support/git-remote.ts';
import type { Project } from '../support/project.ts';
import { userProject } from '../support/project.ts';

/** Of everything that a push, a fetch or a checkout could run. */
const HOOKS = ['pre-receive', 'update', 'post-receive', 'post-update', 'reference-transaction', 'post-checkout', 'pre-commit', 'pre-push'];

describe('belay run with nothing running', () => {
  let user: BelayUser;
  let project: Project;
  let before: unknown;
  let ended: Ended;
  let view: RunView;

  beforeAll(async () => {
    user = await belayUser();
    project = await userProject(user.folder);
    // Work in progress: staged, changed and new files.
    await project.write({ 'staged.txt': 'staged\n', 'readme.md': 'Changed.\n', 'new.txt': 'new\n' });
    await project.git('add', 'staged.txt');
    for (const hook of HOOKS) {
      await writeFile(join(project.path, '.git', 'hooks', hook), `#!/bin/sh\necho ${hook} >> ${user.folder}/hooks.log\n`, { mode: 0o755 });
    }
    before = await stateOf(project);
    ended = await user.belay(['run', project.issue, '--repo', project.path, '--json']);
    view = await user.view();
  });
  afterAll(() => user[Symbol.asyncDispose]());

  it('ends with a pull request, and prints the run as the only document on standard output', () => {
    expect(ended).toMatchObject({ exitCode: 0, signal: null });
    const printed = JSON.parse(ended.stdout) as RunView;
    expect(printed).toMatchObject({
      status: 'completed',
      outcome: 'pull_request',
      issue: { key: '1', title: 'It is not written down' },
      pullRequest: { number: 2 },
      costUsd: 0.25,
      errors: [],
    });
    expect(printed.phases.map(({ name, status }) => `${name} ${status}`)).toEqual(
      ['classify', 'plan', 'implement', 'test', 'review', 'document', 'publish'].map((name) => `${name} completed`),
    );
  });

  it('leaves no process and no state file behind', async () => {
    await expect.poll(() => user.processes(), { timeout: 20_000 }).toEqual([]);
    expect(await readdir(user.home)).not.toContain('dev.json');
    expect(await readdir(join(user.home, 'trees')).catch(() => [])).toEqual([]);
  });

  it('says before the first run that agents have the rights of the user, and not again', async () => {
    expect(ended.stderr).toContain('agents and tests run with your rights');
    const again = await user.belay(['run', 'do it', '--repo', project.path, '--detach']);
    expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('needs a running `belay dev`') });
    expect(again.stderr).not.toContain('your rights');
    expect(await user.view()).toMatchObject({ id: view.id });
  });

  it("leaves the user's checkout as it was, apart from the branch", async () => {
    expect(await stateOf(project)).toEqual(before);
    expect(await textOf(join(user.folder, 'hooks.log'))).toBeUndefined();
    const branches = await project.git('for-each-ref', '--format=%(refname:short) %(objectname)', 'refs/heads/belay');
    expect(branches).toBe(`${view.branch} ${view.headSha}`);
    expect(await project.git('show', `${view.branch}:done.txt`)).toBe('done');
    expect(await project.git('ls-tree', '--name-only', String(view.branch))).not.toContain('staged.txt');
  });

  it('shows the run in list, show and logs', async () => {
    const list = await user.belay(['list']);
    expect(list.stdout).toContain(`${view.id}  completed  sdlc      local/project     #1 It is not written down`);
    const show = await user.belay(['show', view.id.slice(0, 5)]);
    expect(show).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('run-tests') });
    const logs = await user.belay(['logs', view.id]);
    expect(logs.stdout).toContain('Pull request #2');
    const lines = await user.belay(['logs', view.id, '--json']);
    expect(
      lines.stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { runId: string }).runId),
    ).toContain(view.id);
  });

  it('opens a copy of the work', async () => {
    const { stdout, exitCode } = await user.belay(['open', view.id, '--path']);
    expect(exitCode).toBe(0);
    expect(await readFile(join(stdout.trim(), 'done.txt'), 'utf8')).toBe('done\n');
  });

  it('shows the pull request and its change', async () => {
    const show = await user.belay(['pr', 'show', view.id]);
    expect(show.stdout).toContain('Write it down');
    expect(show.stdout).toContain('Closes #1');
    expect(show.stdout).toContain('`sh test.sh`');
    const diff = await user.belay(['pr', 'diff', view.id]);
    expect(diff.stdout).toContain('+done');
  });

  it('closes the pull request once, and leaves its branch', async () => {
    expect(await user.belay(['pr', 'close', view.id])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Closed #2') });
    expect(await user.belay(['pr', 'close', view.id])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('closed already') });
    expect(await project.git('rev-parse', String(view.branch))).toBe(view.headSha);
  });

  it('cleans up what is left of it', async () => {
    const { exitCode } = await user.belay(['clean']);
    expect(exitCode).toBe(0);
    expect((await user.belay(['clean', '--dry-run'])).stdout).toBe('Nothing to clean.\n');
  });
});

describe('belay run on a bare repository', () => {
  it('has its pull request merged into the base branch, which closes the issue', async () => {
    await using user = await belayUser();
    const { path, issue } = await userProject(user.folder);
    const bare = join(user.folder, 'bare.git');
    await git(user.folder, 'clone', '--quiet', '--bare', path, bare);
    expect(await user.belay(['run', issue, '--repo', bare])).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Done: #1/) });
    const { id, issue: known } = await user.view();
    const merged = await user.belay(['pr', 'merge', id]);
    expect(merged).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Merged #2 into main') });
    expect(await git(bare, 'show', 'main:done.txt')).toBe('done');
    expect(await readFile(String(known?.url), 'utf8')).toContain('state: closed');
    expect(await user.belay(['pr', 'merge', id])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('merged already') });
  });
});

/** All that a user would notice. */
async function stateOf({ git }: Project): Promise<string[]> {
  return Promise.all([
    git('status', '--porcelain=v2', '--branch'),
    git('diff', '--cached'),
    git('diff'),
    git('symbolic-ref', 'HEAD'),
    git('for-each-ref').then((refs) => refs.replaceAll(/^.*refs\/heads\/belay\/.*\n?/gm, '').trim()),
    git('stash', 'list'),
    git('config', '--local', '--list'),
    git('worktree', 'list'),
  ]);
}
