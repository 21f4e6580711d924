import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import type { BelayUser } from '../support/cli.ts';
import { belayUser, eventually } from '../support/cli.ts';
import { userProject } from '../support/project.ts';

/** The agent hangs the first time, so that there is a middle to interrupt. */
const hangOnce = (user: BelayUser) => user.script({ implement: [{ write: { 'done.txt': 'done\n' }, hang: 'once', say: 'Done.' }] });

const none = (user: BelayUser) => expect.poll(() => user.processes(), { timeout: 20_000 }).toEqual([]);

describe('Ctrl-C', () => {
  it('cancels the run and says how to go on, and belay retry brings it to a pull request', async () => {
    await using user = await belayUser();
    const project = await userProject(user.folder);
    await hangOnce(user);
    const run = user.start(['run', project.issue, '--repo', project.path]);
    await run.says(/implement · scripted/);
    run.kill('SIGINT');
    const { exitCode, stdout, stderr } = await run.ended;
    const { id, status } = await user.view();
    expect({ exitCode, status }).toEqual({ exitCode: 130, status: 'cancelled' });
    expect(stderr).toContain('Cancelling');
    expect(stdout).toContain(`belay retry ${id}`);
    await none(user);
    expect(await readdir(join(user.home, 'trees'))).toEqual([]);

    await user.script({});
    const retry = await user.belay(['retry', id, '--json']);
    const view = JSON.parse(retry.stdout) as RunView;
    expect(retry.exitCode).toBe(0);
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', continues: id });
    expect(view.phases.slice(0, 2)).toMatchObject([{ attempts: 0 }, { attempts: 0 }]);
    expect(await project.git('show', `${view.branch}:done.txt`)).toBe('done');
    expect(await user.belay(['retry', view.id])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('nothing to retry') });
  });

  it('ends a command that has not begun its run, and what it was starting', async () => {
    await using user = await belayUser();
    const project = await userProject(user.folder);
    const run = user.start(['run', project.issue, '--repo', project.path]);
    await run.says(/Starting Temporal/);
    run.kill('SIGINT');
    // A program that a signal ends has the exit code 130 for a shell.
    expect(await run.ended).toMatchObject({ exitCode: null, signal: 'SIGINT', stdout: '' });
    await none(user);
    await expect(user.view()).rejects.toThrow('There are no runs');
  });

  it('leaves at once when given twice, and the run goes on at the next start', async () => {
    await using user = await belayUser();
    const project = await userProject(user.folder);
    await hangOnce(user);
    const run = user.start(['run', project.issue, '--repo', project.path]);
    await run.says(/implement · scripted/);
    run.kill('SIGINT');
    await run.says(/Cancelling/);
    run.kill('SIGINT');
    expect(await run.ended).toMatchObject({ exitCode: 130, stderr: expect.stringContaining('The run is kept') });
    await none(user);
    const { id, status } = await user.view();
    expect(status).toBe('running');
    // The same issue again joins the run that is open.
    const again = await user.belay(['run', project.issue, '--repo', project.path, '--json']);
    expect(again).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('open already') });
    expect(JSON.parse(again.stdout)).toMatchObject({ id, status: 'completed', outcome: 'pull_request' });
  });
});

describe.each(['SIGHUP', 'SIGTERM', 'SIGKILL'] as const)('a command that is ended with %s', (signal) => {
  it('takes nothing of the run along: it goes on at the next belay dev', async () => {
    await using user = await belayUser();
    const project = await userProject(user.folder);
    await hangOnce(user);
    const run = user.start(['run', project.issue, '--repo', project.path]);
    await run.says(/implement · scripted/);
    run.kill(signal);
    const leaving = { exitCode: 130, stderr: expect.stringContaining('The run is kept and goes on at the next `belay dev`') };
    expect(await run.ended).toMatchObject(signal === 'SIGKILL' ? { exitCode: null, signal } : leaving);
    await none(user);
    await using _dev = await user.dev();
    const { id } = await user.view();
    expect(await user.viewWhen(id, ({ status }) => status === 'completed')).toMatchObject({ outcome: 'pull_request', errors: [] });
  });
});

describe('Ctrl-C in belay demo', () => {
  it.each([
    ['while it puts the sample into a repository', /^$/],
    ['while Temporal starts', /The issue:/],
    ['while the agent works', /plan · scripted/],
  ])('leaves nothing running and nothing behind: %s', async (_, moment) => {
    await using user = await belayUser();
    const temporary = join(user.folder, 'tmp');
    await mkdir(temporary);
    const demo = user.start(['demo'], { env: { TMPDIR: temporary, BELAY_HOME: undefined } });
    // Node keeps what it has compiled there too.
    const folders = async () => (await readdir(temporary)).filter((name) => name.startsWith('belay-demo'));
    if (moment.source === '^$') await eventually(async () => ((await folders()).length > 0 ? true : undefined), 'its folder');
    else await demo.says(moment);
    demo.kill('SIGINT');
    expect(await demo.ended).toMatchObject({ exitCode: 130, signal: null });
    // The claims of ports are the machine's, not the demo's.
    expect(await folders()).toEqual([]);
    expect(await user.processes()).toEqual([]);
  });
});
