import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Notifier } from '../../src/notifications/webhook.ts';
import { CANCEL_SIGNAL, MESSAGE_SIGNAL, RETRY_SIGNAL, ROLLBACK_UPDATE } from '../../src/contracts/constants.ts';
import { signalRun, updateRun } from '../../src/orders/open-run.ts';
import type { RunVersion } from '../../src/contracts/run-state.ts';
import { eventually } from '../support/eventually.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import { phaseOf } from '../support/belay-run.ts';
import { historiesOf } from '../support/histories.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay({ BELAY_TEST_ATTEMPTS: '2' });
});
afterAll(() => belay[Symbol.asyncDispose]());

/** Work that the project's tests do not let pass, told apart by a file. */
const broken = (file: string) => ({ implement: [{ say: `Wrote ${file}.`, write: { 'broken.txt': 'yes\n', [file]: 'written\n' } }] });
const mends = { 'resolve-failed-test': [{ run: 'rm -f broken.txt' }] };

const inWords = ({ version, what, phase, to, code }: RunVersion): string =>
  [version, what, phase, to, code].filter((each) => each !== undefined).join(' ');

/** As an operator may do at any time. */
async function collectGarbage(): Promise<void> {
  const folder = join(belay.home, 'mirrors/local/local');
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.git')) continue;
    const git = (...args: string[]) => promisify(execFile)('git', ['-C', join(folder, name), ...args]);
    await git('reflog', 'expire', '--expire=now', '--all');
    await git('gc', '--quiet', '--prune=now');
  }
}

describe('a parked run', () => {
  it('follows no order that was given to another run of its issue', async () => {
    const project = await belay.project({ script: broken('notes.md') });
    const run = await project.run();
    const { client } = belay;
    const before = await run.parked();
    const former = { client, run: { ...before, id: '00000000' } };
    await signalRun({ ...former, name: CANCEL_SIGNAL, order: {} });
    await signalRun({ ...former, name: RETRY_SIGNAL, order: {} });
    await signalRun({ ...former, name: MESSAGE_SIGNAL, order: { text: 'Not for you' } });
    await expect(updateRun({ ...former, name: ROLLBACK_UPDATE, order: { version: 1 }, hint: '' })).rejects.toMatchObject({
      code: 'wrong_state',
      message: `Run 00000000 is not open any more: run ${run.id} has its place.`,
    });
    expect(await run.view()).toEqual(before);
    await signalRun({ client, run: before, name: RETRY_SIGNAL, order: { phase: 'implement' } });
    // It has gone on as new, and is the same run.
    await run.until(({ version }) => version > before.version);
    await run.parked();
    await signalRun({ client, run: before, name: CANCEL_SIGNAL, order: {} });
    expect(await run.closed()).toMatchObject({ status: 'cancelled' });
    expect((await run.prompts('implement')).join('')).not.toContain('Not for you');
  });

  it('goes on at once when it is told to, also while people cannot be told', async () => {
    const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const notifier: Notifier = {
      events: ['run.parked'],
      // As a worker that was stopped in the middle of it: nothing comes back.
      send: () => {
        asked.resolve();
        return answer.promise;
      },
    };
    await using other = await startBelay({ BELAY_TEST_ATTEMPTS: '1' }, { adapt: (deps) => ({ ...deps, notifier }) });
    const project = await other.project({ script: broken('notes.md') });
    const run = await project.run();
    await run.until('parked');
    await asked.promise;
    await run.retry('implement');
    await run.until('running');
    answer.resolve();
    await run.cancel();
    expect(await run.closed()).toMatchObject({ status: 'cancelled' });
  });

  it('holds nothing and does nothing while it waits, and says until when', async () => {
    const project = await belay.project({ script: broken('notes.md') });
    const run = await project.run();
    const view = await run.parked();
    expect(view).toMatchObject({ status: 'parked', errors: [{ phase: 'test', code: 'tests_failing' }] });
    expect(view).not.toHaveProperty('workspace');
    expect(Date.parse(view.parkedUntil as string) - Date.parse(view.parkedSince as string)).toBe(14 * 24 * 60 * 60_000);
    expect(existsSync(run.worktree)).toBe(false);
    // Its timer begins once people have been told.
    await eventually(async () => {
      const [history] = await historiesOf(belay.client, run);
      expect(history?.events?.filter(({ timerStartedEventAttributes: timer }) => timer)).toHaveLength(1);
    });
    const { raw } = await belay.client.workflow.getHandle(run.workflowId).describe();
    expect(raw.pendingActivities ?? []).toEqual([]);
    expect(await project.comment()).toContain(`belay retry ${run.id}`);
    expect(await project.comment()).toContain(`until ${(view.parkedUntil as string).slice(0, 10)}`);
    await run.cancel();
    expect(await run.closed()).toMatchObject({ status: 'cancelled' });
    expect(await run.view()).not.toHaveProperty('parkedUntil');
  });

  it('goes back to a version, which writes a new one', async () => {
    const project = await belay.project({ script: broken('first.md') });
    const run = await project.run();
    await run.parked();
    await project.script({ implement: [{ write: { 'second.md': 'written\n' } }] });
    await run.rollback(2);
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(view).not.toHaveProperty('parkedUntil');
    expect(await project.git('diff', '--name-only', `main..${view.branch}`)).toBe('second.md');
    expect((await run.stepNames()).filter((name) => ['classify', 'plan', 'implement'].includes(name))).toEqual(
      ['classify', 'plan', 'implement', 'implement'], // what was planned is kept
    );
    expect((await run.versions()).map(inWords)).toEqual([
      '1 completed classify',
      '2 completed plan',
      '3 completed implement',
      '4 parked test tests_failing',
      '5 rolled_back 2',
      '6 completed implement',
      '7 completed test',
      '8 completed review',
      '9 completed document',
      '10 completed publish',
    ]);
  });

  it('goes back to work that a retry has dropped, also after git has collected its garbage', async () => {
    const project = await belay.project({ script: broken('first.md') });
    const run = await project.run();
    await run.parked();
    await project.script(broken('second.md'));
    await run.retry('implement');
    await run.parked();
    expect((await run.versions()).map(inWords)).toEqual([
      '1 completed classify',
      '2 completed plan',
      '3 completed implement',
      '4 parked test tests_failing',
      '5 retried implement',
      '6 completed implement',
      '7 parked test tests_failing',
    ]);
    await collectGarbage();
    await project.script(mends);
    await run.rollback(3);
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(phaseOf(view, 'implement')).toMatchObject({ status: 'completed', summary: 'Wrote first.md.' });
    expect(await project.git('diff', '--name-only', `main..${view.branch}`)).toBe('first.md');
  });

  it('refuses to go back to what it never was, and at work to go back at all', async () => {
    const project = await belay.project({ script: { ...broken('notes.md'), plan: [{ hang: 'once', say: 'planned' }] } });
    const run = await project.run();
    await run.working('plan');
    await expect(run.rollback(1)).rejects.toThrow(`Run ${run.id} is running: only a parked run can go back to a version.`);
    await belay.stopWorker();
    await belay.startWorker();
    await run.parked();
    for (const version of [0, 5, 1.5]) {
      await expect(run.rollback(version)).rejects.toThrow(`Run ${run.id} has no version ${version}: they are 1 to 4.`);
    }
    expect(await run.view()).toMatchObject({ status: 'parked' });
    await run.cancel();
    await run.closed();
  });

  it('retried from a phase knows what the checks before it have said', async () => {
    const blocker = { title: 'It is wrong', description: 'Very.', severity: 'blocker', files: ['notes.md'] };
    const project = await belay.project({ script: { review: [{ json: { passed: false, issues: [blocker] } }] } });
    const run = await project.run();
    await run.parked();
    await project.script({});
    await run.retry('review');
    expect(await run.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    // The first review's rounds ran them as well; after the retry nothing had changed.
    const steps = await run.stepNames();
    expect(steps.slice(steps.lastIndexOf('review'))).not.toContain('run-tests');
  });
});

describe('a parked run that nobody goes on with', () => {
  it('is closed as failed with its cause, and can still be retried, without doing again what is done', async () => {
    await using impatient = await startBelay({ BELAY_TEST_ATTEMPTS: '2', BELAY_PARKED_DAYS: '0.00001' });
    const project = await impatient.project({ script: broken('notes.md') });
    const run = await project.run();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'failed', errors: [{ code: 'tests_failing' }, { code: 'tests_failing', phase: 'test' }] });
    expect(view.errors[1]?.message).toMatch(/^Nobody went on with the run, which was parked since 20.* still fails/);
    expect(await run.temporalStatus()).toBe('FAILED');
    expect(await project.comment()).toContain(`belay retry ${run.id}`);
    expect((await impatient.ledger.listRuns({ status: 'failed' })).map(({ id }) => id)).toEqual([run.id]);
    await project.script(mends);
    const retried = await project.retry(view);
    expect(await retried.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request', continues: run.id });
    expect(await retried.stepNames()).not.toContain('implement');
  });
});

describe('a closed run', () => {
  it('is retried from a phase with the work and the checks from before it', async () => {
    const project = await belay.project({ script: { document: [{ hang: true }] } });
    const run = await project.run();
    await run.working('document');
    await run.cancel();
    const cancelled = await run.closed();
    expect((await run.versions()).map(inWords).slice(3)).toEqual(['4 completed test', '5 completed review', '6 ended']);
    await project.script({});
    const retried = await project.retry(cancelled, 'document');
    expect(await retried.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request', continues: run.id });
    // What was checked is what is published: nothing is run again.
    expect(await retried.stepNames()).toEqual(
      ['read-issue', 'document', 'commit-message', 'pull-request', 'push-branch', 'open-pull-request'], //
    );
    const again = await project.retry(cancelled, 'implement');
    expect(await again.closed()).toMatchObject({ status: 'completed' });
    expect((await again.stepNames()).slice(0, 3)).toEqual(['read-issue', 'implement', 'run-tests']);
    expect((await again.versions()).map(inWords).slice(0, 2)).toEqual(['1 continued', '2 completed implement']);
  });

  it('is brought back to a version by a new run, with nothing of what came after', async () => {
    const project = await belay.project({ script: { implement: [{ write: { 'first.md': 'written\n' } }] } });
    const run = await project.run();
    const first = await run.closed();
    expect(first).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    await project.script({ implement: [{ write: { 'second.md': 'written\n' } }] });
    const back = await project.rollback(first, 2);
    const view = await back.closed();
    expect(view).toMatchObject({
      status: 'completed',
      branch: first.branch,
      continues: run.id,
      pullRequest: { number: first.pullRequest?.number },
    });
    expect(await back.stepNames()).not.toContain('plan');
    expect(await project.git('diff', '--name-only', `main..${first.branch}`)).toBe('second.md');
    expect(await project.pullRequests()).toHaveLength(1);
  });

  it('is not brought back to a version that it never had, nor to one of what has been merged', async () => {
    const project = await belay.project();
    const view = await (await project.run()).closed();
    await expect(project.rollback(view, 99)).rejects.toMatchObject({ code: 'invalid_input', message: `Run ${view.id} has no version 99.` });
    const [pullRequest] = await project.pullRequests();
    if (pullRequest) await belay.forge.setPullRequestState({ ...pullRequest, state: 'merged' });
    await expect(project.rollback(view, 2)).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('is merged') });
  });
});
