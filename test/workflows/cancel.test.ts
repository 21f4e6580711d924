import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { markedProcesses } from '../../src/process/process-table.ts';
import { defaultClaimsFolder, listClaims } from '../../src/workspace/port-claims.ts';
import type { BelayProject } from '../support/belay-project.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import type { TestRun } from '../support/belay-run.ts';
import { phaseOf } from '../support/belay-run.ts';
import { eventually } from '../support/eventually.ts';

let belay: Belay;
beforeAll(async () => {
  // One slot and one port of each kind: whoever keeps one stops the next run.
  belay = await startBelay({ BELAY_MAX_WORKSPACES: '1', BELAY_TEST_ATTEMPTS: '1' });
});
afterAll(() => belay[Symbol.asyncDispose]());

/** What runs of this worker have started, and what they hold on this machine. */
async function held({ worktree }: TestRun) {
  const boot = (await readFile(join(belay.home, 'boot'), 'utf8')).trim();
  const claims = await listClaims(defaultClaimsFolder());
  return {
    processes: await markedProcesses(`BELAY_BOOT=${boot}`),
    ports: claims.filter(({ home }) => home === belay.home).map(({ port }) => port),
    tree: await access(worktree).then(
      () => true,
      () => false,
    ),
  };
}

/** That its slot is free too is what the next run shows: there is one. */
async function expectCancelled(project: BelayProject, run: TestRun) {
  const view = await run.closed();
  expect(view.status).toBe('cancelled');
  for (const past of ['workspace', 'waitingFor', 'waitingUntil', 'waitingMessage', 'approval', 'currentStep'])
    expect(view).not.toHaveProperty(past);
  expect(await run.temporalStatus()).toBe('CANCELLED');
  expect(await held(run)).toEqual({ processes: [], ports: [], tree: false });
  expect(await project.comment()).toContain('Belay was told to stop.');
  return view;
}

const HANGING = [
  ['classify', 'classify', { classify: [{ hang: true }] }],
  ['implement', 'implement', { implement: [{ hang: true, write: { 'notes.md': 'half\n' } }] }],
  ['run-tests', 'test', { implement: [{ write: { 'test.sh': 'sleep 600\n' } }] }],
  ['document', 'document', { document: [{ hang: true }] }],
  ['pull-request', 'publish', { 'pull-request': [{ hang: true }] }],
] as const;

describe('cancelling', () => {
  it.each(HANGING)('during %s closes the run as cancelled and gives everything back', async (step, phase, script) => {
    const project = await belay.project({ script: structuredClone(script) as never });
    const run = await project.run();
    await run.working(step);
    await (step === 'implement' ? run.cancelOnServer() : run.cancel());
    const view = await expectCancelled(project, run);
    expect(view.errors).toEqual([]);
    expect(phaseOf(view, phase).status).toBe('cancelled');
    expect((await run.steps()).find(({ name }) => name === step)).toMatchObject({ status: 'cancelled' });
    expect(await project.branches()).toEqual([]);
  });

  it('during the set-up of its workspace ends the set-up', async () => {
    const project = await belay.project({ files: { '.belay.yml': 'setup: touch begun && sleep 600\ntest: exit 0\n' } });
    const run = await project.run();
    await eventually(() => access(join(run.worktree, 'begun')));
    await run.cancel();
    const { phases } = await expectCancelled(project, run);
    expect(phases.filter(({ status }) => status === 'running')).toEqual([]);
  });

  it('between two attempts of an agent makes no further one', async () => {
    const project = await belay.project({ script: { implement: [{ fail: { code: 'engine_overloaded' } }] } });
    const run = await project.run();
    await eventually(async () => {
      const failed = (await run.steps()).find(({ name, status }) => name === 'implement' && status === 'failed');
      expect(failed).toBeDefined();
    });
    await run.cancel();
    const view = await expectCancelled(project, run);
    expect(phaseOf(view, 'implement').status).toBe('cancelled');
  });

  it.each(['plan', 'publish'] as const)('while a person has to approve the %s closes the run', async (gate) => {
    const project = await belay.project();
    const run = await project.run({ approve: [gate] });
    await run.until('waiting');
    await (gate === 'plan' ? run.cancel() : run.cancelOnServer());
    await expectCancelled(project, run);
    expect(await project.branches()).toEqual([]);
  });

  it('before any worker was there closes the run as soon as one is', async () => {
    const project = await belay.project();
    await belay.stopWorker();
    const run = await project.run();
    await run.cancel();
    await belay.startWorker();
    await expectCancelled(project, run);
    expect(await run.steps()).toEqual([]);
  });

  it.each(['signal', 'server'] as const)('a parked run by %s closes it', async (way) => {
    const project = await belay.project({ script: { implement: [{ write: { 'broken.txt': 'yes\n' } }] } });
    const run = await project.run();
    await run.parked();
    await (way === 'signal' ? run.cancel() : run.cancelOnServer());
    expect(await expectCancelled(project, run)).toMatchObject({ errors: [{ code: 'tests_failing' }] });
  });

  it('a run that waits for a workspace leaves the one that has it alone', async () => {
    const one = await belay.project({ script: { plan: [{ hang: 'once', say: 'planned' }] } });
    const other = await belay.project();
    const working = await one.run();
    await working.working('plan');
    const waiting = await other.run();
    await waiting.cancel();
    expect(await waiting.closed()).toMatchObject({ status: 'cancelled' });
    expect(await waiting.steps()).toEqual([]);
    expect(await working.view()).toMatchObject({ status: 'running' });
    await working.cancel();
    expect(await working.closed()).toMatchObject({ status: 'cancelled' });
  });

  it('leaves work that a retry goes on from without repeating what was completed', async () => {
    const project = await belay.project({ script: { review: [{ hang: true }] } });
    const run = await project.run();
    await run.working('review');
    await run.cancel();
    const cancelled = await run.closed();
    await project.script({});
    const retried = await project.retry(cancelled);
    const view = await retried.closed();
    expect(view).toMatchObject({
      status: 'completed',
      outcome: 'pull_request',
      continues: run.id,
      issueClass: 'bug',
      plan: cancelled.plan,
    });
    const names = await retried.stepNames();
    expect(names.filter((name) => ['classify', 'plan', 'implement'].includes(name))).toEqual([]);
    expect(names).toContain('review');
    expect(await project.git('diff', '--name-only', `main..${view.branch}`)).toBe('notes.md');
    expect(phaseOf(view, 'test').evidence?.treeHash).toBe(await project.git('rev-parse', `${view.branch}^{tree}`));
  });

  it('leaves phases that are switched off no reason to repeat what came after them', async () => {
    const project = await belay.project({
      files: { '.belay.yml': 'test: exit 0\nphases: { review: false }\n' },
      script: { 'pull-request': [{ hang: true }] },
    });
    const run = await project.run();
    await run.working('pull-request');
    await run.cancel();
    const cancelled = await run.closed();
    await project.script({});
    const retried = await project.retry(cancelled);
    expect(await retried.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(await retried.stepNames()).not.toContain('document');
  });
});

describe('a draft of a cancelled run', () => {
  it.each([
    ['closed', '{ draft: while_unfinished, onCancel: close }'],
    ['open', '{ draft: while_unfinished }'],
  ] as const)('is %s with `pullRequest: %s`', async (state, setting) => {
    const project = await belay.project({
      files: { '.belay.yml': `test: exit 0\npullRequest: ${setting}\n` },
      script: { review: [{ hang: true }] },
    });
    const run = await project.run();
    await run.working('review');
    await run.cancel();
    await expectCancelled(project, run);
    expect(await project.pullRequests()).toMatchObject([{ state, draft: true, body: expect.stringContaining('has stopped') as string }]);
  });
});

describe('an issue that a person closes', () => {
  it('ends its run while the agent still implements, and the comment says why', async () => {
    const project = await belay.project({ script: { plan: [{ hang: 'once', say: 'planned' }], implement: [{ hang: true }] } });
    const run = await project.run();
    await run.working('plan');
    await project.setIssueState('closed');
    await belay.stopWorker();
    await belay.startWorker();
    const view = await expectCancelled(project, run);
    expect(view.summary).toContain('Issue #1 was closed, so the run has ended.');
    expect(await run.stepNames()).not.toContain('push-branch');
  });

  it('while a person has to approve its plan ends its run with the reminder', async () => {
    const project = await belay.project();
    const run = await project.run({ approve: ['plan'], limits: { approvalReminderMs: 2000 } });
    await run.until('waiting');
    await project.setIssueState('closed');
    expect((await expectCancelled(project, run)).summary).toContain('Issue #1 was closed');
    expect(await run.stepNames()).not.toContain('implement');
  });

  it('once the work is done ends its run before the tests', async () => {
    const project = await belay.project({ script: { implement: [{ hang: 'once', write: { 'notes.md': 'x\n' } }] } });
    const run = await project.run();
    await run.working('implement');
    await eventually(async () => expect(await project.comment()).toContain('Plan'));
    await project.setIssueState('closed');
    await belay.stopWorker();
    await belay.startWorker();
    await expectCancelled(project, run);
    expect(await run.stepNames()).not.toContain('run-tests');
  });
});

describe('a worker that is stopped', () => {
  it.each([
    ['implement', { implement: [{ hang: 'once' as const, write: { 'notes.md': 'written down\n' } }] }],
    ['document', { document: [{ hang: 'once' as const }] }],
  ] as const)('during %s leaves the run to the next one, which repeats no phase', async (step, script) => {
    const project = await belay.project({ script: structuredClone(script) as never });
    const run = await project.run();
    await run.working(step);
    await belay.stopWorker();
    await belay.startWorker();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', errors: [] });
    expect(view.phases.map(({ name, attempts }) => `${name} ${attempts}`)).toEqual([
      'classify 1',
      'plan 1',
      'implement 1',
      'test 1',
      'review 1',
      'document 1',
      'publish 1',
    ]);
    const names = await run.stepNames();
    for (const name of ['classify', 'plan', 'review', 'push-branch']) expect(names.filter((each) => each === name)).toHaveLength(1);
    expect(await project.pullRequests()).toHaveLength(1);
    expect(await run.log()).toContain('goes on where it was interrupted');
    await expect(access(run.worktree)).rejects.toThrow('ENOENT');
  });
});
