import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serveWorkerHealth } from '../../src/http/worker-health.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { CLOSED_STATUSES } from '../../src/contracts/constants.ts';
import type { RunView } from '../../src/contracts/run-view.ts';
import { connectTemporal, localTarget } from '../../src/temporal/connection.ts';
import { startDevServer } from '../../src/temporal/dev-server.ts';
import { PROGRESS_MARKER } from '../../src/texts/progress-comment.ts';
import type { BelayUser, Program } from '../support/cli.ts';
import { belayUser, eventually, textOf } from '../support/cli.ts';
import { gitHubServer } from '../support/github.ts';
import { startPostgres } from '../support/postgres.ts';
import { temporalCli } from '../support/temporal-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const place = { owner: 'acme', repo: 'shop' };
const TIMEOUT_MS = 150_000;

async function started(program: Program): Promise<Program> {
  await program.says(/Worker started/);
  return program;
}

async function killed(program: Program): Promise<void> {
  program.kill('SIGKILL');
  await program.ended;
}

/** Where a worker says that it takes up work. */
async function isReady(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Nobody's, a moment ago. */
async function freePort(): Promise<number> {
  await using taken = await serveWorkerHealth({ address: '127.0.0.1:0', obstacle: async () => undefined });
  return Number(new URL(taken.url).port);
}

const filesOf = (user: BelayUser, folder: string): Promise<string[]> => readdir(join(user.home, folder)).catch(() => []);
const promptsOf = async (user: BelayUser, id: string): Promise<string[]> =>
  (await filesOf(user, join('runs', id, 'artifacts'))).filter((name) => name.endsWith('.prompt.md'));

test(
  'an orchestrator and a runner, in processes and homes of their own, bring a run to its pull request, whichever of them is killed, and while their database is away',
  { timeout: TIMEOUT_MS },
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryDirectory());
    const server = stack.use(await startDevServer({ cli: await temporalCli(), home: folder.path }));
    const postgres = stack.use(await startPostgres());
    const url = await postgres.createDatabase('belay');
    const begun = join(folder.path, 'begun.log');
    const slow = [`echo begun >> ${begun}`, `if [ $(wc -l < ${begun}) -gt 1 ]; then exit 0; fi`, 'sleep 3000; true', ''].join('\n');
    const files = { 'README.md': 'A shop.\n', 'slow.sh': slow, '.belay.yml': 'test: sh slow.sh\n' };
    const github = stack.use(await gitHubServer({ files }));
    await github.person.rest.issues.create({ ...place, title: 'It is not written down', body: 'Please write it down.' });
    const env = {
      BELAY_TEMPORAL_ADDRESS: server.address,
      BELAY_DATABASE_URL: url,
      BELAY_PHASES_OFF: 'document',
      GITHUB_TOKEN: github.token,
      BELAY_GITHUB_API_URL: github.apiUrl,
      BELAY_GITHUB_GIT_URL: github.gitUrl,
    };
    const decider = stack.use(await belayUser({ uncovered: true, env }));
    const worker = stack.use(await belayUser({ uncovered: true, env }));
    const health = await freePort();
    const orchestrate = () =>
      started(decider.start(['worker', '--roles', 'orchestrator'], { env: { BELAY_WORKER_HEALTH: `127.0.0.1:${health}` } }));
    const work = () => started(worker.start(['worker'], { env: { BELAY_WORKER_ROLES: 'runner' } }));

    const first = stack.use(
      decider.startProgram('../test/support/hooked-worker.fixture.ts', {
        env: { BELAY_WORKER_ROLES: 'orchestrator', AT_EFFECT: 'comment:after-intent:SIGKILL' },
      }),
    );
    await started(first);
    const runner = stack.use(await work());
    const { exitCode, stdout, stderr } = await decider.belay(['run', 'acme/shop#1', '--detach', '--json']);
    expect(exitCode, stderr).toBe(0);
    const { id, workflowId } = JSON.parse(stdout) as RunView;
    // Killed in the middle of what it does outside of Temporal.
    await first.says(/Reached/);
    expect(await first.ended).toMatchObject({ signal: 'SIGKILL' });

    const second = stack.use(await orchestrate());
    expect(await isReady(health)).toBe(true);
    const count = async (): Promise<number> => ((await textOf(begun)) ?? '').split('\n').length - 1;
    await eventually(async () => ((await count()) === 1 ? true : undefined), 'the tests');
    await killed(runner);
    await killed(second);
    expect(await isReady(health)).toBe(false);
    await using _third = await orchestrate();
    await using _successor = await work();
    await postgres.stop();
    // Neither knows what the other would have recorded.
    await using temporal = await connectTemporal({ target: localTarget(server.address) });
    await temporal.client.workflow.getHandle(workflowId).result();
    await postgres.start();

    const ledger = stack.use(await openLedger({ url }));
    const view = await eventually(async () => {
      const now = await ledger.getRun(id);
      return CLOSED_STATUSES.includes(now.status) ? now : undefined;
    }, 'the end of the run');
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', errors: [] });
    expect(view.phases.filter(({ attempts }) => attempts > 1)).toEqual([]);
    const pulls = (await github.person.rest.pulls.list({ ...place, state: 'all' })).data;
    expect(pulls.map(({ head, state }) => [head.ref, state])).toEqual([[view.branch, 'open']]);
    await eventually(async () => {
      const comments = (await github.person.rest.issues.listComments({ ...place, issue_number: 1 })).data;
      const living = comments.filter(({ body }) => body?.includes(PROGRESS_MARKER)).map(({ body }) => body ?? '');
      expect(living.length).toBeLessThanOrEqual(1);
      return living[0]?.includes(String(view.pullRequest?.url)) ? true : undefined;
    }, 'the comment');
    // What was recorded meanwhile is delivered when the database is back.
    await eventually(async () => {
      const steps = await ledger.listSteps(id);
      const isKnown = steps.some(({ name, status }) => name === 'push-branch' && status === 'completed');
      return isKnown && steps.every(({ status }) => status !== 'running') ? true : undefined;
    }, 'what is known of its steps');
    // Each did its own part only.
    expect(await promptsOf(worker, id)).not.toEqual([]);
    expect([await filesOf(decider, 'trees'), await promptsOf(decider, id)]).toEqual([[], []]);
    expect((await ledger.listHosts()).map(({ id: host }) => host)).toEqual([(await textOf(join(worker.home, 'host-id')))?.trim()]);
    expect(existsSync(join(decider.home, 'host-id'))).toBe(true);
  },
);

test('a worker with one role alone refuses a ledger that the other could not share', async () => {
  await using user = await belayUser({ env: { BELAY_TEMPORAL_ADDRESS: '127.0.0.1:9' } });
  const refused = await user.belay(['worker', '--roles', 'orchestrator']);
  expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
  expect(refused.stderr).toContain("BELAY_WORKER_ROLES is 'orchestrator', and the ledger is a file");
  expect(refused.stderr).toContain('Set BELAY_DATABASE_URL to one Postgres');
  const unknown = await user.belay(['worker', '--roles', 'lease']);
  expect(unknown).toMatchObject({ exitCode: 2 });
  expect(unknown.stderr).toContain('must be a list, with commas between, of orchestrator, runner');
});
