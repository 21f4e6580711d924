import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openContext } from '../../src/cli/context.ts';
import { intakeOf } from '../../src/compose-intake.ts';
import { findSession } from '../../src/cli/session.ts';
import type { RunView } from '../../src/contracts/run-view.ts';
import { takeOrder } from '../../src/intake/order.ts';
import { startRun } from '../../src/intake/start-run.ts';
import { belayUser, eventually, textOf } from '../support/cli.ts';
import { userProject } from '../support/project.ts';

const MANY = 15;

describe('commands of one home', () => {
  it('share the servers that the first has brought up, and the last to end takes them away', async () => {
    await using user = await belayUser({ uncovered: true });
    const [one, two] = [await userProject(user.folder, { name: 'one' }), await userProject(user.folder, { name: 'two' })];
    const [begun, go] = [join(user.folder, 'begun'), join(user.folder, 'go')];
    const waiting = `touch ${begun}; while [ ! -f ${go} ]; do sleep 0.05; done; echo done > done.txt`;
    const slow = await user.script({ implement: [{ run: waiting, say: 'Done.' }] }, 'slow.yml');
    const first = user.start(['run', one.issue, '--repo', one.path]);
    const second = user.start(['run', two.issue, '--repo', two.path], { env: { BELAY_SCRIPT: slow } });
    expect(await first.ended).toMatchObject({ exitCode: 0 });
    await eventually(async () => (existsSync(begun) ? true : undefined), 'the second agent');
    await writeFile(go, '');
    expect(await second.ended).toMatchObject({ exitCode: 0 });
    // The next one comes while the servers are stopping: it waits for that and brings up its own.
    await eventually(async () => (existsSync(join(user.home, 'dev.json')) ? undefined : true), 'the servers to stop');
    expect(await user.belay(['run', 'once more', '--repo', one.path])).toMatchObject({ exitCode: 0 });
    await expect.poll(() => user.processes(), { timeout: 20_000 }).toEqual([]);
  });
});

describe(`${MANY} runs of one repository at once`, () => {
  it('all end with a pull request of their own, and none sees the files or ports of another', async () => {
    await using user = await belayUser({ uncovered: true, env: { BELAY_PHASES_OFF: 'review,document' } });
    const project = await userProject(user.folder);
    const log = join(user.folder, 'agents.log');
    // Each says where it is and waits for all the others, so that they are there at the same time.
    const run = [
      `test ! -e mine.txt || exit 1`,
      `echo "$BACKEND_PORT $FRONTEND_PORT" > mine.txt`,
      `echo "$PWD $BACKEND_PORT $FRONTEND_PORT" >> ${log}`,
      `while [ $(wc -l < ${log}) -lt ${MANY} ]; do sleep 0.1; done`,
    ].join('\n');
    await user.script({ implement: [{ run, say: 'Done.' }] });
    await using _dev = await user.dev();
    const runs = await startMany({ ...user, repository: project.path });
    const views: RunView[] = [];
    // One after the other: each look is a process, and fifteen of them at once would take the runs' own time.
    for (const id of runs) views.push(await user.viewWhen(id, ({ status }) => ['completed', 'failed', 'parked'].includes(status)));
    expect(views.map(({ status, outcome }) => `${status} ${outcome}`)).toEqual(runs.map(() => 'completed pull_request'));
    expect(new Set(views.map(({ pullRequest }) => pullRequest?.url)).size).toBe(MANY);
    const agents = ((await textOf(log)) ?? '')
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    expect(agents).toHaveLength(MANY);
    expect(new Set(agents.map(([folder]) => folder)).size).toBe(MANY);
    expect(new Set(agents.flatMap(([, ...ports]) => ports)).size).toBe(2 * MANY);
    const mine = await Promise.all(views.map(({ branch }) => project.git('show', `${branch}:mine.txt`)));
    expect(mine.sort()).toEqual(agents.map(([, ...ports]) => ports.join(' ')).sort());
    expect(await readdir(join(user.home, 'trees'))).toEqual([]);
  }, 120_000);
});

/** As the command line starts them, without a process for each. */
async function startMany({ env, folder, repository }: { env: Readonly<Record<string, string>>; folder: string; repository: string }) {
  const quiet = { live: false, piped: true, out: () => {}, note: () => {}, exact: () => {} };
  await using context = await openContext({ env, terminal: quiet });
  await using session = await findSession(context);
  if (!session) throw new Error('There is no belay dev');
  const { client } = session;
  const ids: RunView['id'][] = [];
  for (let number = 1; number <= MANY; number++) {
    const order = await takeOrder(intakeOf(context), {
      target: { kind: 'request', text: `Write down number ${number}` },
      repository,
      workingDirectory: folder,
      pipeline: 'sdlc',
      fresh: false,
      requested: {},
      triggeredBy: 'test',
    });
    const { runId } = await startRun({ ...context, client }, order);
    ids.push(String(runId));
  }
  return ids;
}
