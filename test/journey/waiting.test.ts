import { expect, it } from 'vitest';
import { belayUser, eventually } from '../support/cli.ts';
import { userProject } from '../support/project.ts';

it('a run that waits is followed on, shown with its reason and its time, and goes on at once by belay retry', async () => {
  await using user = await belayUser();
  const project = await userProject(user.folder);
  const limit = { code: 'engine_limit_reached' as const, resetAfterMs: 7_200_000 };
  await user.script({ implement: [{ fail: limit }, { write: { 'done.txt': 'done\n' }, say: 'Done.' }] });
  const run = user.start(['run', project.issue, '--repo', project.path]);
  await run.says(/waits for a usage limit to end until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC: the script asked for engine_limit_reached/);
  const { id } = await user.view();
  await eventually(async () => ((await user.view(id)).waitingUntil ? true : undefined), 'the wait');
  expect((await user.belay(['list'])).stdout).toMatch(/waiting .*waits for a usage limit to end until/);
  const shown = await user.belay(['show', id]);
  expect(shown.stdout).toMatch(/waits +for a usage limit to end until/);
  expect(shown.stdout).toContain(`belay retry ${id}`);
  const refused = await user.belay(['retry', id, '--phase', 'plan']);
  expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is waiting, not parked') });
  const retry = await user.belay(['retry', id, '--json']);
  expect({ exitCode: retry.exitCode, stderr: retry.stderr }).toMatchObject({ exitCode: 0 });
  expect(JSON.parse(retry.stdout)).toMatchObject({ id, status: 'completed', outcome: 'pull_request', errors: [] });
  expect(await run.ended).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Done:') });
});
