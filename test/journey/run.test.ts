import { describe, expect, it } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import { belayUser } from '../support/cli.ts';
import { userProject } from '../support/project.ts';

describe('belay run', () => {
  it('brings an issue to a pull request with nothing running before and nothing left afterwards', async () => {
    await using user = await belayUser();
    const project = await userProject(user.folder);
    const { exitCode, stdout, stderr } = await user.belay(['run', project.issue, '--repo', project.path]);
    console.log(stdout, stderr);
    expect(exitCode).toBe(0);
    await expect.poll(() => user.processes(), { timeout: 20_000 }).toEqual([]);
    const runs = JSON.parse((await user.belay(['list', '--json'])).stdout) as RunView[];
    expect(runs).toMatchObject([{ status: 'completed', outcome: 'pull_request' }]);
  });
});
