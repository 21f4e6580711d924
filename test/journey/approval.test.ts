import { userInfo } from 'node:os';
import { expect, it } from 'vitest';
import { belayUser } from '../support/cli.ts';
import { userProject } from '../support/project.ts';

it('a followed run says how to approve its plan, and goes on with the answer that fits', async () => {
  await using user = await belayUser();
  const project = await userProject(user.folder);
  const run = user.start(['run', project.issue, '--repo', project.path, '--approve', 'plan']);
  const [, id = ''] = await run.says(/belay approve (\w+) --hash [0-9a-f]{12}/);
  expect(await user.belay(['approve', id, '--hash', '0123456'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/0123456 is not the plan that is asked about: that is [0-9a-f]{64}/) as string,
  });
  expect(await user.belay(['approve', id])).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('It goes on.') as string });
  const ended = await run.ended;
  expect(ended).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('Done: #1') as string });
  expect(ended.stdout).toMatch(new RegExp(`approved +plan by ${userInfo().username} on \\d{4}-\\d\\d-\\d\\d`));
});
