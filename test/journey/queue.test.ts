import { expect, it } from 'vitest';
import { belayUser, eventually } from '../support/cli.ts';
import { userProject } from '../support/project.ts';

it('runs that wait for a workspace are shown with their place and the reason, the urgent one first', async () => {
  await using user = await belayUser({ env: { BELAY_MAX_WORKSPACES: '1' } });
  const project = await userProject(user.folder);
  await user.script({ implement: [{ hang: true }] });
  await using _dev = await user.dev();
  const order = async (text: string, ...options: string[]): Promise<string> => {
    const started = await user.belay(['run', text, '--repo', project.path, '--detach', '--json', ...options]);
    expect(started, started.stderr).toMatchObject({ exitCode: 0 });
    return (JSON.parse(started.stdout) as { id: string }).id;
  };
  const first = await order('Write the first note');
  await eventually(async () => ((await user.view(first)).status === 'running' ? true : undefined), 'the first run');
  const second = await order('Write the second note');
  const urgent = await order('Write the urgent note', '--priority', '1');

  const listed = async (): Promise<string> => (await user.belay(['list'])).stdout;
  await eventually(async () => ((await listed()).includes('1 of 1 workspaces are taken') ? true : undefined), 'the reason');
  const lines = (await listed()).split('\n');
  const lineOf = (id: string): string => lines.find((line) => line.startsWith(id)) ?? '';
  expect(lineOf(urgent)).toMatch(/pending .*waits for a workspace, about number 1 of 2: 1 of 1 workspaces are taken$/);
  expect(lineOf(second)).toMatch(/pending .*waits for a workspace, about number 2 of 2: 1 of 1 workspaces are taken$/);
  expect(lineOf(first)).not.toContain('waits');
  expect((await user.belay(['show', second])).stdout).toMatch(/waits +for a workspace, about number 2 of 2/);
  const why = '1 of 1 workspaces are taken';
  const json = JSON.parse((await user.belay(['list', '--json'])).stdout) as { id: string; queue?: object }[];
  expect(json.find(({ id }) => id === urgent)?.queue).toEqual({ position: 1, of: 2, why });
  expect(json.find(({ id }) => id === first)).not.toHaveProperty('queue');

  const followed = user.start(['run', 'Write the last note', '--repo', project.path]);
  await followed.says(/waits for a workspace, about number 3 of 3: 1 of 1 workspaces are taken/);
  followed.kill('SIGHUP');

  expect((await user.belay(['cancel', first])).exitCode).toBe(0);
  await eventually(async () => ((await user.view(urgent)).status === 'running' ? true : undefined), 'the urgent run');
  expect(await user.view(second)).toMatchObject({ status: 'pending' });

  const refused = await user.belay(['run', 'Write a note', '--repo', project.path, '--priority', '9']);
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('A priority is a whole number from 1 (first) to 5.') });
});
