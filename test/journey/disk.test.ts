import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import type { CommandName } from '../../src/contracts/constants.ts';
import type { RunView } from '../../src/contracts/run-view.ts';
import type { ScriptTurn } from '../../src/engines/script.ts';
import { startDevServer } from '../../src/temporal/dev-server.ts';
import type { BelayUser } from '../support/cli.ts';
import { belayUser, eventually } from '../support/cli.ts';
import type { Project } from '../support/project.ts';
import { userProject } from '../support/project.ts';
import { canMount, smallDisk } from '../support/small-disk.ts';
import { temporalCli } from '../support/temporal-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Long enough to fill a disk meanwhile. */
const slowly = (turn: ScriptTurn): ScriptTurn[] => [{ ...turn, delayMs: 1500 }];
const TURNS: [CommandName, ScriptTurn][] = [
  ['classify', { json: { class: 'bug', reason: 'It is wrong.' } }],
  ['plan', { say: 'Write it down.' }],
  ['implement', { write: { 'done.txt': 'done\n' }, say: 'Done.' }],
  ['review', { json: { passed: true, summary: 'Fine.', issues: [] } }],
  ['document', { write: { 'notes.md': 'Noted.\n' }, say: 'Noted.' }],
  ['commit-message', { say: 'fix: write it down' }],
  ['pull-request', { json: { title: 'Write it down', body: 'It was missing.' } }],
];

/** What is on the disk must be whole, whatever could not be written to it. */
async function expectNothingBroken(user: BelayUser, project: Project): Promise<void> {
  using ledger = new DatabaseSync(join(user.home, 'ledger.db'), { readOnly: true });
  expect(ledger.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  for (const mirror of await readdir(join(user.home, 'mirrors'), { recursive: true, withFileTypes: true })) {
    if (mirror.name === 'HEAD' && !mirror.parentPath.includes('worktrees') && existsSync(join(mirror.parentPath, 'objects')))
      await execa('git', ['--git-dir', mirror.parentPath, 'fsck', '--strict', '--no-dangling']);
  }
  await project.git('fsck', '--strict', '--no-dangling');
}

async function agents(user: BelayUser): Promise<number[]> {
  const commands = (await user.processes()).map((pid) => ({ pid, command: commandOf(pid) }));
  return commands.filter(({ command }) => command.includes('scripted-agent')).map(({ pid }) => pid);
}

/** Empty for one that has ended meanwhile. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

const prompted = (user: BelayUser, command: string) => (): Promise<true | undefined> => {
  const runs = join(user.home, 'runs');
  const files = existsSync(runs) ? readdirSync(runs, { recursive: true }).map(String) : [];
  return Promise.resolve(files.some((file) => file.endsWith(`-${command}.prompt.md`)) || undefined);
};

describe.skipIf(!canMount())('a disk that is full', () => {
  it.each(TURNS)('while the agent works on %s parks the run, and nothing is lost when there is space again', async (command, turn) => {
    await using elsewhere = await temporaryDirectory();
    await using server = await startDevServer({ cli: await temporalCli(), home: elsewhere.path });
    await using disk = await smallDisk();
    await using user = await belayUser({ uncovered: true, env: { BELAY_HOME: disk.path, BELAY_TEMPORAL_ADDRESS: server.address } });
    const project = await userProject(user.folder);
    await user.script({ [command]: slowly(turn) });
    await using worker = user.start(['worker']);
    await worker.says(/Worker started/);

    await using run = user.start(['run', project.issue, '--repo', project.path]);
    await eventually(prompted(user, command), `the prompt of ${command}`);
    await disk.fill();
    const { exitCode, stdout, stderr } = await run.ended;
    expect(exitCode).toBe(1);
    expect(`${stdout}${stderr}`).toMatch(/disk_full|[Nn]o space left|cannot grow/);
    expect(`${stdout}${stderr}`).toContain('Free some disk space');

    disk.free();
    const { id } = await user.view();
    const retry = await user.belay(['retry', id, '--json']);
    expect(retry.exitCode, retry.stderr).toBe(0);
    const view = JSON.parse(retry.stdout) as RunView;
    expect(view).toMatchObject({ id, status: 'completed', outcome: 'pull_request' });
    expect(await project.git('show', `${view.branch}:done.txt`)).toBe('done');
    await expectNothingBroken(user, project);
  });

  it('under Temporal’s own database too loses nothing: the run goes on when there is space again, by itself or retried', async () => {
    await using disk = await smallDisk();
    await using user = await belayUser({ uncovered: true, env: { BELAY_HOME: disk.path } });
    const project = await userProject(user.folder);
    await user.script({ plan: slowly({ say: 'Write it down.' }) });
    await using run = user.start(['run', project.issue, '--repo', project.path, '--json']);
    await eventually(prompted(user, 'plan'), 'the prompt of plan');
    // One that cannot even be started is no turn to go on with: the run would park.
    await eventually(async () => ((await agents(user)).length > 0 ? true : undefined), 'the agent at work');
    await disk.fill();
    await eventually(
      async () => ((await agents(user)).length === 0 ? true : undefined),
      'the end of the agent, whose work cannot be noted',
    );
    disk.free();
    const { exitCode, stdout } = await run.ended;
    const rested = JSON.parse(stdout) as RunView;
    // Whether Temporal could still be told of the failure depends on what was left on the disk in that moment.
    if (exitCode !== 0) expect(rested).toMatchObject({ status: 'parked', errors: [{ code: 'disk_full' }] });
    const last = exitCode === 0 ? rested : (JSON.parse((await user.belay(['retry', rested.id, '--json'])).stdout) as RunView);
    expect(last).toMatchObject({ id: rested.id, status: 'completed', outcome: 'pull_request' });
    await expect.poll(() => user.processes(), { timeout: 20_000 }).toEqual([]);
    await expectNothingBroken(user, project);
  });
});

describe.skipIf(!canMount())('a home that cannot be written to', () => {
  it.each([['list'], ['run', 'Write it down'], ['dev'], ['show', 'k7f2'], ['worker']])(
    'is said by belay %s, with what to do',
    async (...args) => {
      await using disk = await smallDisk();
      await disk.lock();
      for (const home of [disk.path, join(disk.path, 'deeper', 'home')]) {
        await using user = await belayUser({ uncovered: true, env: { BELAY_HOME: home, BELAY_TEMPORAL_ADDRESS: '127.0.0.1:1' } });
        const { exitCode, stdout, stderr } = await user.belay(args);
        expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
        expect(stderr).toContain(`Belay's home ${home} cannot be written to`);
        expect(stderr).toContain('set BELAY_HOME to another folder');
        expect(stderr).not.toMatch(/unexpected:|\n\s+at /);
      }
    },
  );
});
