import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import { markedProcesses } from '../../src/process/process-table.ts';
import { startDevServer } from '../../src/temporal/dev-server.ts';
import type { BelayUser, Program } from '../support/cli.ts';
import { belayUser, eventually, textOf } from '../support/cli.ts';
import type { Project } from '../support/project.ts';
import { userProject } from '../support/project.ts';
import { temporalCli } from '../support/temporal-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** A turn of the agent with processes that only a kill ends, one of them in a session of its own. Its replay goes through. */
async function longTurn(user: BelayUser) {
  const mark = `AGENT_OF=${randomUUID()}`;
  const begun = join(user.folder, 'begun.log');
  const run = [
    `echo begun >> ${begun}`,
    `if [ $(wc -l < ${begun}) -gt 1 ]; then echo done > done.txt; exit 0; fi`,
    `echo half > half.txt`,
    `export ${mark}`,
    'sleep 3000 &',
    'setsid sh -c "sleep 3000; true"',
  ].join('\n');
  await user.script({ implement: [{ run, say: 'Done.' }] });
  return { mark, begins: async () => ((await textOf(begun)) ?? '').split('\n').length - 1 };
}

/** The run of a killed worker: ended with one pull request, and nothing done twice. */
async function expectOneEnd(user: BelayUser, project: Project, { id }: RunView): Promise<RunView> {
  const view = await user.viewWhen(id, ({ status }) => status !== 'running' && status !== 'waiting' && status !== 'pending');
  expect(view).toMatchObject({ id, status: 'completed', outcome: 'pull_request', errors: [] });
  expect(await readdir(join(user.home, 'forge', view.repository, 'pulls'))).toEqual([`${view.pullRequest?.number}.md`]);
  expect((await project.git('for-each-ref', 'refs/heads/belay')).split('\n')).toHaveLength(1);
  expect(await project.git('show', `${view.branch}:done.txt`)).toBe('done');
  // Kept from the time before the kill: the other files that the turn had made.
  expect(await project.git('show', `${view.branch}:half.txt`)).toBe('half');
  const prompts = (await readdir(join(user.home, 'runs', id), { recursive: true })).filter((name) => name.endsWith('.prompt.md'));
  for (const phase of ['classify', 'plan']) expect(prompts.filter((name) => name.endsWith(`-${phase}.prompt.md`))).toHaveLength(1);
  return view;
}

/** Starts a run that is in the middle of its agent's turn when this resolves. */
async function midTurn(user: BelayUser, project: Project, turn: Awaited<ReturnType<typeof longTurn>>): Promise<RunView> {
  const { exitCode, stdout } = await user.belay(['run', project.issue, '--repo', project.path, '--detach', '--json']);
  expect(exitCode).toBe(0);
  await eventually(async () => ((await markedProcesses(turn.mark)).length >= 3 ? true : undefined), 'the agent and its processes');
  const view = JSON.parse(stdout) as RunView;
  // Of a session that the worker has not heard of when it is killed, nothing is gone on with.
  const sessions = async (): Promise<string[]> =>
    (await readdir(join(user.home, 'runs', view.id, 'steps'))).filter((name) => name.endsWith('-session'));
  await eventually(async () => ((await sessions()).length === 3 ? true : undefined), 'the notes of classify, plan and implement');
  return view;
}

/** Kills the worker in the middle of an agent's turn, starts another, and follows the run to its end. */
async function killAndGoOn(user: BelayUser, worker: () => Promise<Program>): Promise<void> {
  const project = await userProject(user.folder);
  const turn = await longTurn(user);
  const first = await worker();
  const run = await midTurn(user, project, turn);
  first.kill('SIGKILL');
  await first.ended;
  const killed = performance.now();
  const since = (): string => `${((performance.now() - killed) / 1000).toFixed(1)} s`;
  await using _second = await worker();
  const ready = since();
  await eventually(async () => ((await turn.begins()) === 2 ? true : undefined), 'the second agent');
  const old = await markedProcesses(turn.mark);
  process.stdout.write(`after the kill: the next worker is ready in ${ready}, the agent works again in ${since()}\n`);
  expect(old).toEqual([]);
  await expectOneEnd(user, project, run);
}

describe('a run whose worker is killed in the middle of an agent call', () => {
  it('goes on with the next belay dev, its old processes gone, to one pull request', async () => {
    await using user = await belayUser({ uncovered: true });
    await killAndGoOn(user, () => user.dev());
  });

  it('goes on with the next worker of a Temporal service that stayed, its old processes gone, to one pull request', async () => {
    await using folder = await temporaryDirectory();
    await using server = await startDevServer({ cli: await temporalCli(), home: folder.path });
    await using user = await belayUser({ uncovered: true, env: { BELAY_TEMPORAL_ADDRESS: server.address } });
    await killAndGoOn(user, () => startWorker(user));
  });
});

async function startWorker(user: BelayUser): Promise<Program> {
  const worker = user.startProgram('worker.ts');
  await worker.says(/Worker started/);
  return worker;
}
