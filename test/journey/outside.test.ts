import { describe, expect, it } from 'vitest';
import { connectTemporal, localTarget } from '../../src/temporal/connection.ts';
import { readDevState } from '../../src/temporal/state-file.ts';
import type { BelayUser } from '../support/cli.ts';
import { belayUser } from '../support/cli.ts';
import { userProject } from '../support/project.ts';

/** As `temporal workflow terminate` does. */
async function terminate({ home }: BelayUser, workflowId: string): Promise<void> {
  const state = await readDevState(home);
  if (!state) throw new Error('There is no belay dev');
  await using temporal = await connectTemporal({ target: localTarget(state.address, state.namespace) });
  await temporal.client.workflow.getHandle(workflowId).terminate('test');
}

describe('a run that somebody terminates in Temporal', () => {
  it('ends the command that follows it, takes no orders, and is retried to a pull request', async () => {
    await using user = await belayUser({ uncovered: true });
    const project = await userProject(user.folder);
    await using _dev = await user.dev();
    await user.script({ implement: [{ hang: true }] });
    const run = user.start(['run', project.issue, '--repo', project.path]);
    await run.says(/implement · scripted/);
    const { id, workflowId } = await user.view();
    await terminate(user, workflowId);
    const { exitCode, stdout } = await run.ended;
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('run_terminated: The run was ended') });
    expect(await user.belay(['cancel', id])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`Run ${id} is failed already`) });
    await user.script({});
    const retry = await user.belay(['retry', id, '--json']);
    expect(retry.exitCode).toBe(0);
    expect(JSON.parse(retry.stdout)).toMatchObject({ status: 'completed', outcome: 'pull_request', continues: id });
  });

  it('is told from its issue’s next run, which no order for it hits', async () => {
    await using user = await belayUser({ uncovered: true });
    const project = await userProject(user.folder);
    await using _dev = await user.dev();
    await user.script({ implement: [{ hang: true }] });
    const start = async () => {
      await user.belay(['run', project.issue, '--repo', project.path, '--detach']);
      const { id } = await user.view();
      return user.viewWhen(id, ({ status }) => status === 'running');
    };
    const first = await start();
    await terminate(user, first.workflowId);
    const second = await start();
    expect(await user.belay(['cancel', first.id])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`Run ${first.id} is failed already`),
    });
    expect((await user.view(second.id)).status).toBe('running');
    expect(await user.belay(['cancel', second.id])).toMatchObject({ exitCode: 0 });
  });
});
