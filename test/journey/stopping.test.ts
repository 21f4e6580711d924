import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import { startDevServer } from '../../src/temporal/dev-server.ts';
import type { BelayUser, Program } from '../support/cli.ts';
import { belayUser, eventually, textOf } from '../support/cli.ts';
import { userProject } from '../support/project.ts';
import { temporalCli } from '../support/temporal-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Starts a run that hangs in the middle of its agent's first turn, and gives its id. */
async function midTurn(user: BelayUser): Promise<string> {
  await user.script({ implement: [{ write: { 'done.txt': 'done\n' }, hang: 'once', say: 'Done.' }] });
  const project = await userProject(user.folder);
  const { exitCode, stdout, stderr } = await user.belay(['run', project.issue, '--repo', project.path, '--detach', '--json']);
  expect(exitCode, stderr).toBe(0);
  const { id } = JSON.parse(stdout) as RunView;
  await eventually(() => textOf(join(user.home, 'trees', id, 'done.txt')), 'the work of the agent, which hangs then');
  return id;
}

async function expectGoesOn(user: BelayUser, id: string, next: () => Promise<Program>): Promise<void> {
  await using _next = await next();
  expect(await user.viewWhen(id, ({ status }) => status === 'completed')).toMatchObject({ outcome: 'pull_request', errors: [] });
}

describe.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s', (signal) => {
  it('ends belay dev with agents and servers, and its runs go on at the next start', async () => {
    await using user = await belayUser({ uncovered: true });
    await using dev = await user.dev();
    const id = await midTurn(user);
    dev.kill(signal);
    expect(await dev.ended).toMatchObject({
      exitCode: 0,
      signal: null,
      stderr: expect.stringContaining('Stopping: runs that are not done go on at the next start.'),
    });
    await expect.poll(() => user.processes(), { timeout: 20_000 }).toEqual([]);
    expect(await user.view(id)).toMatchObject({ status: 'running', errors: [] });
    await expectGoesOn(user, id, () => user.dev());
  });

  it('ends belay worker with its agents, and its runs go on with the next worker', async () => {
    await using home = await temporaryDirectory();
    await using server = await startDevServer({ cli: await temporalCli(), home: home.path, warn: () => {} });
    await using user = await belayUser({ uncovered: true, env: { TEMPORAL_ADDRESS: server.address } });
    const start = async (): Promise<Program> => {
      const worker = user.start(['worker']);
      await worker.says(/Worker started/);
      return worker;
    };
    await using worker = await start();
    const id = await midTurn(user);
    worker.kill(signal);
    expect(await worker.ended).toMatchObject({
      exitCode: 0,
      signal: null,
      stderr: expect.stringContaining(
        `"signal":"${signal}","msg":"Stopping: agents and tests are ended, their runs go on with the next worker"`,
      ),
    });
    await expect.poll(() => user.processes(), { timeout: 20_000 }).toEqual([]);
    await expectGoesOn(user, id, start);
  });
});

it('a second signal does not cut the stopping of belay dev short', async () => {
  await using user = await belayUser({ uncovered: true });
  await using dev = await user.dev();
  const id = await midTurn(user);
  for (const signal of ['SIGTERM', 'SIGTERM', 'SIGINT'] as const) dev.kill(signal);
  expect(await dev.ended).toMatchObject({ exitCode: 0, signal: null });
  expect(await user.processes()).toEqual([]);
  expect(await readFile(join(user.home, 'logs', 'dev.log'), 'utf8')).not.toMatch(/"level":"(?:error|fatal)"/);
  await expectGoesOn(user, id, () => user.dev());
});
