import { randomUUID } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import { PROGRESS_MARKER } from '../../src/texts/progress-comment.ts';
import type { TemporalCli } from '../../src/temporal/cli-binary.ts';
import { startDevServer } from '../../src/temporal/dev-server.ts';
import type { BelayUser, Program } from './cli.ts';
import { belayUser, eventually, textOf } from './cli.ts';
import { gitHubServer } from './github.ts';
import type { GitHubServer } from './github.ts';
import { temporalCli } from './temporal-cli.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const place = { owner: 'acme', repo: 'shop' };
/** Seconds; a machine that is busy with other tests must not lose a host by it. */
const HEARTBEAT = '4';

/** A machine with a home of its own. */
export interface TestHost extends BelayUser {
  /** Starts its worker; with `atEffect`, one that sends itself a signal there. */
  worker(atEffect?: string): Promise<Program>;
}

/** Two hosts that share a Temporal and a repository on GitHub, and nothing else. */
export interface Hosts extends AsyncDisposable {
  readonly github: GitHubServer;
  readonly one: TestHost;
  readonly other: TestHost;
  /** Work that does not end the first time it is begun, and ends well at once the next time: lines of a shell script. */
  readonly slowOnce: { lines: string; mark: string; begun(): Promise<number> };
  /** Orders a run of the issue, at the first host. */
  order(): Promise<RunView>;
  /** The run has ended, by what the other host knows, in one pull request; its branch is the only thing left of it at the remote. */
  expectOneEnd(run: RunView, options?: { isPaused?: boolean }): Promise<RunView>;
}

export async function twoHosts(settings: (slowOnce: string) => string): Promise<Hosts> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryDirectory());
  const server = stack.use(await startDevServer({ cli: await impatientCli(folder.path), home: folder.path }));
  const slowOnce = slowWork(join(folder.path, 'begun.log'));
  const github = stack.use(
    await gitHubServer({ files: { 'README.md': 'A shop.\n', 'slow.sh': slowOnce.lines, '.belay.yml': settings('sh slow.sh') } }),
  );
  await github.remote.git('config', 'core.logAllRefUpdates', 'always');
  const env = {
    BELAY_TEMPORAL_ADDRESS: server.address,
    BELAY_HEARTBEAT_SECONDS: HEARTBEAT,
    BELAY_PHASES_OFF: 'document',
    GITHUB_TOKEN: github.token,
    BELAY_GITHUB_API_URL: github.apiUrl,
    BELAY_GITHUB_GIT_URL: github.gitUrl,
  };
  const [one, other] = [
    hostOf(stack.use(await belayUser({ uncovered: true, env }))),
    hostOf(stack.use(await belayUser({ uncovered: true, env }))),
  ];
  await github.person.rest.issues.create({ ...place, title: 'It is not written down', body: 'Please write it down.' });
  const kept = stack.move();
  return {
    github,
    one,
    other,
    slowOnce,
    async order() {
      const { exitCode, stdout, stderr } = await one.belay(['run', 'acme/shop#1', '--detach', '--json']);
      expect(exitCode, stderr).toBe(0);
      return JSON.parse(stdout) as RunView;
    },
    expectOneEnd: (run, options) => expectOneEnd({ github, other }, run, options),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A paused process leaves its questions for work open at the server, which may answer them for a minute: here for a few seconds. */
async function impatientCli(folder: string): Promise<TemporalCli> {
  const cli = await temporalCli();
  const path = join(folder, 'temporal');
  const config = `--dynamic-config-value 'matching.longPollExpirationInterval="5s"'`;
  await writeFile(path, `#!/bin/sh\nexec '${cli.path}' "$@" ${config}\n`, { mode: 0o755 });
  return { ...cli, path };
}

function slowWork(log: string): Hosts['slowOnce'] {
  const mark = `WORK_OF=${randomUUID()}`;
  const lines = [`echo begun >> ${log}`, `if [ $(wc -l < ${log}) -gt 1 ]; then exit 0; fi`, `export ${mark}`, 'sleep 3000; true', ''].join(
    '\n',
  );
  return { lines, mark, begun: async () => ((await textOf(log)) ?? '').split('\n').length - 1 };
}

function hostOf(user: BelayUser): TestHost {
  return {
    ...user,
    async worker(atEffect) {
      const worker = atEffect
        ? user.startProgram('../test/support/hooked-worker.fixture.ts', { env: { AT_EFFECT: atEffect } })
        : user.startProgram('worker.ts');
      await worker.says(/Worker started/);
      return worker;
    },
  };
}

async function expectOneEnd(
  { github, other }: Pick<Hosts, 'github' | 'other'>,
  { id }: RunView,
  { isPaused = false }: { isPaused?: boolean } = {},
): Promise<RunView> {
  const view = await eventually(async () => {
    const now = await other.view(id).catch(() => undefined);
    return now && ['completed', 'parked', 'failed'].includes(now.status) ? now : undefined;
  }, `the run ${id} on the other host`);
  expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', errors: [] });
  const pulls = (await github.person.rest.pulls.list({ ...place, state: 'all' })).data;
  expect(pulls.map(({ head, state }) => [head.ref, state])).toEqual([[view.branch, 'open']]);
  const comments = async (): Promise<number> =>
    (await github.person.rest.issues.listComments({ ...place, issue_number: 1 })).data.filter(({ body }) => body?.includes(PROGRESS_MARKER))
      .length;
  // A paused worker may have swallowed a call: it is made again a minute later, or when it wakes, and what comes after it waits for it.
  if (!isPaused) await eventually(async () => ((await comments()) > 0 ? true : undefined), 'the comment');
  expect(await comments()).toBeLessThanOrEqual(1);
  if (!isPaused)
    await eventually(async () => {
      const refs = (await github.remote.git('for-each-ref', '--format=%(refname)')).split('\n');
      return refs.join() === `refs/heads/${view.branch},refs/heads/main` ? true : undefined;
    }, 'the end of what the run left for other hosts');
  // Pushed once.
  expect((await github.remote.git('reflog', 'show', `refs/heads/${view.branch}`)).split('\n')).toHaveLength(1);
  expect(await github.remote.git('show', `${view.branch}:done.txt`)).toBe('done');
  return view;
}

/** Nothing of what the host had begun goes on there. */
export async function atRest(host: TestHost): Promise<void> {
  await eventually(async () => ((await readdir(join(host.home, 'attempts'))).length === 0 ? true : undefined), 'the end of its attempts');
}

/** As a machine that is gone for good: nothing of its home is left. */
export async function loseHost(host: TestHost, worker: Program): Promise<void> {
  worker.kill('SIGKILL');
  await worker.ended;
  await rm(host.home, { recursive: true, force: true });
}
