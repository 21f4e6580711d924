import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import { belayUser, eventually, textOf } from '../support/cli.ts';
import { userProject } from '../support/project.ts';
import { restartedServer } from '../support/restarted-server.ts';

/** How long the server is away while lines are counted. */
const AWAY_MS = 5000;
/** The SDK's pollers and the worker itself say every now and then that they try again. A loop without pauses says thousands. */
const MAX_LINES = 60;

/** The server's and the worker's own timeouts, one after the other. */
const TIMEOUT_MS = 120_000;

test(
  'a worker waits for its Temporal, before it begins and in the middle of a run, and no order is lost or half taken',
  { timeout: TIMEOUT_MS },
  async () => {
    await using server = await restartedServer();
    await using user = await belayUser({ uncovered: true, env: { BELAY_TEMPORAL_ADDRESS: server.address } });
    const project = await userProject(user.folder);
    const [begun, go] = ['begun', 'go'].map((name) => join(user.folder, name));
    await user.script({
      implement: [{ run: `touch ${begun}; until [ -e ${go} ]; do sleep 0.1; done; echo done > done.txt`, say: 'Done.' }],
    });
    await using worker = user.startProgram('worker.ts');
    await worker.says(/Waiting for Temporal/);
    const refused = await user.belay(['run', project.issue, '--repo', project.path, '--detach']);
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('Temporal at') });
    expect((await user.belay(['list', '--json'])).stdout.trim()).toBe('[]');
    await server.start();
    await worker.says(/Worker started/);

    const { stdout } = await user.belay(['run', project.issue, '--repo', project.path, '--detach', '--json']);
    const { id } = JSON.parse(stdout) as RunView;
    await eventually(async () => textOf(String(begun)), 'the agent');
    await server.kill();
    const before = linesOf(worker.output);
    await sleep(AWAY_MS);
    expect(linesOf(worker.output) - before).toBeLessThan(MAX_LINES);
    await server.start();
    await user.belay(['list']);
    await writeFile(String(go), '');
    const view = await user.viewWhen(id, ({ status }) => status === 'completed' || status === 'parked' || status === 'failed');
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', errors: [] });
    expect((await project.git('for-each-ref', 'refs/heads/belay')).split('\n')).toHaveLength(1);
  },
);

const linesOf = ({ stdout, stderr }: { stdout: string; stderr: string }): number => `${stdout}${stderr}`.split('\n').length;
