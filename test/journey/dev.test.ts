import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import type { BelayUser, Ended, Program } from '../support/cli.ts';
import { belayUser, eventually, textOf } from '../support/cli.ts';
import type { Project } from '../support/project.ts';
import { userProject } from '../support/project.ts';

let user: BelayUser;
let dev: Program;
let projects = 0;

beforeAll(async () => {
  user = await belayUser({ env: { BELAY_TEST_ATTEMPTS: '1' } });
  dev = await user.dev();
});
afterAll(async () => {
  await dev[Symbol.asyncDispose]();
  await user[Symbol.asyncDispose]();
});

const newProject = (): Promise<Project> => userProject(user.folder, { name: `project-${++projects}` });
const run = (project: Project, ...more: string[]): Promise<Ended> => user.belay(['run', project.issue, '--repo', project.path, ...more]);

/** Breaks the tests of the project once: the second time the agent implements, they pass. */
const breakOnce = (): Promise<string> =>
  user.script({
    implement: [
      { write: { 'broken.txt': 'broken\n', 'done.txt': 'done\n' }, say: 'Done.' },
      { run: 'rm -f broken.txt', write: { 'done.txt': 'done\n' }, say: 'Mended.' },
    ],
  });

async function parkedRun(): Promise<{ project: Project; view: RunView; ended: Ended }> {
  await breakOnce();
  const project = await newProject();
  const ended = await run(project);
  return { project, ended, view: await user.view() };
}

describe('a run whose tests go on failing', () => {
  it('is parked with its cause, is retried from a phase, and ends with a pull request', async () => {
    const { project, ended, view } = await parkedRun();
    expect(view).toMatchObject({ status: 'parked', errors: [{ phase: 'test', code: 'tests_failing' }] });
    expect(ended.exitCode).toBe(1);
    for (const words of [`belay retry ${view.id}`, `belay open ${view.id}`, `belay cancel ${view.id}`, 'tests_failing']) {
      expect(ended.stdout).toContain(words);
    }
    expect((await user.belay(['list', '--status', 'parked'])).stdout).toContain(view.id);
    const opened = await user.belay(['open', view.id, '--path']);
    expect(await textOf(join(opened.stdout.trim(), 'broken.txt'))).toBe('broken\n');

    const again = await user.belay(['retry', view.id, '--phase', 'test', '--json']);
    expect({ exitCode: again.exitCode, view: JSON.parse(again.stdout) }).toMatchObject({
      exitCode: 1,
      view: { id: view.id, status: 'parked', errors: [{ code: 'tests_failing' }, { code: 'tests_failing' }] },
    });
    const mended = await user.belay(['retry', view.id, '--phase', 'implement', '--json']);
    expect({ exitCode: mended.exitCode, view: JSON.parse(mended.stdout) }).toMatchObject({
      exitCode: 0,
      view: { id: view.id, status: 'completed', outcome: 'pull_request' },
    });
    expect(await project.git('ls-tree', '--name-only', String((JSON.parse(mended.stdout) as RunView).branch))).not.toContain('broken.txt');
  });

  it('goes back to a version by its number, and to no other', async () => {
    const { view } = await parkedRun();
    expect((await user.belay(['parked'])).stdout).toContain(view.id);
    const unknown = await user.belay(['rollback', view.id, '--version', '99']);
    expect(unknown).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`Run ${view.id} has no version 99: they are 1 to 4.`) });
    const [planned, implemented] = await Promise.all(
      ['2', '3'].map((version) => user.belay(['open', view.id, '--path', '--version', version])),
    );
    expect(await textOf(join(String(planned?.stdout.trim()), 'broken.txt'))).toBeUndefined();
    expect(await textOf(join(String(implemented?.stdout.trim()), 'broken.txt'))).toBe('broken\n');
    const back = await user.belay(['rollback', view.id, '--version', '2', '--json']);
    expect({ exitCode: back.exitCode, view: JSON.parse(back.stdout) }).toMatchObject({
      exitCode: 0,
      view: { id: view.id, status: 'completed', outcome: 'pull_request' },
    });
    expect((await user.belay(['show', view.id, '--history'])).stdout).toMatch(/^ {2}5 .* went back to version 2 by \S+ /m);
  });

  it('is cancelled when it is parked, once', async () => {
    const { view } = await parkedRun();
    expect(await user.belay(['cancel', view.id, '--reason', 'no use'])).toMatchObject({ exitCode: 0 });
    expect(await user.view(view.id)).toMatchObject({ status: 'cancelled' });
    expect(await user.belay(['cancel', view.id])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('cancelled already') });
  });
});

describe("Temporal's own command line", () => {
  const temporal = async (...args: string[]): Promise<string> => {
    const { address } = JSON.parse(await readFile(join(user.home, 'dev.json'), 'utf8')) as { address: string };
    const { stdout } = await execa(String(user.env['BELAY_TEMPORAL_CLI']), [...args, '--address', address], { env: { HOME: user.folder } });
    return stdout;
  };
  const workflow = async (command: string, { workflowId }: RunView, ...args: string[]): Promise<string> =>
    temporal('workflow', command, '--workflow-id', workflowId, ...args);

  it('finds parked runs, asks for their status, and shows what they are about', async () => {
    const { view } = await parkedRun();
    const list = await eventually(async () => {
      const text = await temporal('workflow', 'list', '--query', 'BelayStatus="parked"', '-o', 'json');
      return text.includes(view.workflowId) ? text : undefined;
    }, 'the parked run in the list');
    // The executions that a retry has ended are parked no more.
    const listed = JSON.parse(list) as { status: string; type: { name: string } }[];
    expect(new Set(listed.map(({ status, type }) => `${type.name} ${status}`))).toEqual(
      new Set(['sdlc WORKFLOW_EXECUTION_STATUS_RUNNING']),
    );
    const answer = JSON.parse(await workflow('query', view, '--type', 'status', '-o', 'json')) as { queryResult: RunView[] };
    expect(answer.queryResult).toMatchObject([{ id: view.id, status: 'parked' }]);
    const described = await workflow('describe', view, '-o', 'json');
    for (const words of ['#1 It is not written down', 'BelayRepository', 'BelayRunId', view.id]) expect(described).toContain(words);
    const metadata = await workflow('metadata', view);
    for (const words of ['parked', 'tests_failing', '- plan: completed']) expect(metadata).toContain(words);
    await workflow('cancel', view);
    await user.viewWhen(view.id, ({ status }) => status === 'cancelled');
    await eventually(
      async () => ((await workflow('describe', view)).includes('CANCELED') ? true : undefined),
      'the execution to be Canceled',
    );
  });

  it('wakes a parked run from a phase and cancels it, with plain JSON', async () => {
    const { view } = await parkedRun();
    await workflow('signal', view, '--name', 'retryRun', '--input', '{"phase":"test"}');
    const woken = await user.viewWhen(view.id, ({ status, errors }) => status === 'parked' && errors.length === 2);
    expect(woken.errors).toMatchObject([{ phase: 'test' }, { phase: 'test' }]);
    await workflow('signal', view, '--name', 'cancelRun', '--input', '{"reason":"enough"}');
    await user.viewWhen(view.id, ({ status }) => status === 'cancelled');
    await eventually(
      async () => ((await workflow('describe', view)).includes('CANCELED') ? true : undefined),
      'the execution to be Canceled',
    );
  });

  it('cancels a run in the middle of its agent, whose processes end', async () => {
    await user.script({ implement: [{ hang: true }] });
    const project = await newProject();
    const { stdout } = await run(project, '--detach', '--json');
    const { id } = JSON.parse(stdout) as RunView;
    const view = await user.viewWhen(id, ({ phases }) => phases[2]?.status === 'running');
    expect(summariesIn(await workflow('show', view, '-o', 'json'))).toContain('implement · scripted · attempt 1');
    await workflow('cancel', view);
    await user.viewWhen(id, ({ status }) => status === 'cancelled');
    await eventually(
      async () => ((await workflow('describe', view)).includes('CANCELED') ? true : undefined),
      'the execution to be Canceled',
    );
    expect(await readdir(join(user.home, 'trees'))).toEqual([]);
  });
});

/** What Temporal's Web UI shows beside each activity. */
function summariesIn(history: string): string[] {
  const { events } = JSON.parse(history) as { events: { userMetadata?: { summary?: unknown } }[] };
  return events.flatMap(({ userMetadata }) => {
    const { summary } = userMetadata ?? {};
    if (typeof summary === 'string') return [summary];
    const { data } = (summary ?? {}) as { data?: string };
    return data ? [JSON.parse(Buffer.from(data, 'base64').toString()) as string] : [];
  });
}

describe('odd but fine input', () => {
  it('goes through as it is: nothing in title or text is executed, expanded or lost', async () => {
    await user.script({});
    const project = await newProject();
    const words = '`touch pwned` $(touch pwned) ; touch pwned && "quotes" \'single\' \\ {{plan}} {{ nonsense }} <b> *';
    await writeFile(
      project.issue,
      `# A title ${words}\u0007\u001B[31m\n\nA text ${words}\n\n---\n\n\`\`\`\nfence\n\`\`\`\n\u0000`.replace('\u0000', ''),
    );
    const { exitCode, stdout, stderr } = await run(project);
    expect(exitCode).toBe(0);
    expect(`${stdout}${stderr}`).not.toMatch(/[\u0007\u001B]/);
    const view = await user.view();
    const files = await readdir(join(user.home, 'runs', view.id), { recursive: true });
    expect(files.filter((name) => name.includes('pwned'))).toEqual([]);
    const prompt = await readFile(
      join(user.home, 'runs', view.id, String(files.find((name) => name.endsWith('-implement.prompt.md')))),
      'utf8',
    );
    expect(prompt).toContain(`A title ${words}`);
    expect(prompt).toContain(`A text ${words}`);
    const show = await user.belay(['pr', 'show', view.id]);
    expect(show.stdout).toContain(`A text ${words}`);
    expect(await project.git('ls-tree', '-r', '--name-only', String(view.branch))).not.toContain('pwned');
    expect(view.branch).toMatch(/^belay\/bug-1-[a-z0-9-]+$/);
  });

  it('goes on without tests, and says so', async () => {
    await user.script({});
    const project = await userProject(user.folder, { name: 'untested', files: { 'readme.md': 'Nothing to test.\n' } });
    const { exitCode, stderr } = await run(project);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/✓ test\s+no tests/);
    expect(await user.view()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
  });

  it('leaves uncommitted changes out, and says so', async () => {
    await user.script({});
    const project = await newProject();
    await project.write({ 'new.txt': 'new\n' });
    expect(await run(project, '--pipeline', 'plan')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('Uncommitted changes') });
    expect(await user.view()).toMatchObject({ outcome: 'phase_done' });
  });
});

describe('one home', () => {
  it('is served by one worker: a second one is turned away', async () => {
    const second = await user.belay(['dev']);
    expect(second).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is already running') });
    const { address } = JSON.parse(await readFile(join(user.home, 'dev.json'), 'utf8')) as { address: string };
    const worker = await user.belay(['worker'], { env: { TEMPORAL_ADDRESS: address } });
    expect(worker).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`Another worker (process ${dev.pid})`) });
  });

  it('has an API, and a token for it as long as nobody has made one', async () => {
    const [, token, url] =
      /^Until it stops: curl -H 'Authorization: Bearer (belay_\w+)' (http:\S+)\/api\/runs$/m.exec(dev.output.stdout) ?? [];
    const listed = await fetch(`${url}/api/runs?limit=1`, { headers: { authorization: `Bearer ${token}` } });
    expect([listed.status, await listed.json()]).toMatchObject([200, { items: expect.any(Array) as unknown[], limit: 1 }]);
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    expect(await readFile(join(user.home, 'logs', 'dev.log'), 'utf8')).not.toContain(token?.slice(-40));
  });

  it('has what it needs, says the doctor', async () => {
    expect(await user.belay(['doctor'])).toMatchObject({ exitCode: 0 });
    const without = await user.belay(['doctor', '--json'], { env: { PATH: '/nowhere' } });
    expect(without.exitCode).toBe(1);
    expect(JSON.parse(without.stdout)).toContainEqual(expect.objectContaining({ status: 'problem' }));
  });
});
