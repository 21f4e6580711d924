import { access } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import { phaseOf } from '../support/belay-run.ts';

let belay: Belay;
beforeAll(async () => {
  // One slot and one port of each kind: whoever keeps one stops the next run.
  belay = await startBelay({ BELAY_MAX_WORKSPACES: '1', BELAY_TEST_ATTEMPTS: '1' });
});
afterAll(() => belay[Symbol.asyncDispose]());

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
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'cancelled', errors: [] });
    expect(view).not.toHaveProperty('workspace');
    expect(phaseOf(view, phase).status).toBe('cancelled');
    expect(await run.temporalStatus()).toBe('CANCELLED');
    expect((await run.steps()).find(({ name }) => name === step)).toMatchObject({ status: 'cancelled' });
    await expect(access(run.worktree)).rejects.toThrow('ENOENT');
    expect(await project.comment()).toContain('Belay was told to stop.');
    expect(await project.branches()).toEqual([]);
  });

  it.each(['signal', 'server'] as const)('a parked run by %s closes it', async (way) => {
    const project = await belay.project({ script: { implement: [{ write: { 'broken.txt': 'yes\n' } }] } });
    const run = await project.run();
    await run.parked();
    await (way === 'signal' ? run.cancel() : run.cancelOnServer());
    expect(await run.closed()).toMatchObject({ status: 'cancelled', errors: [{ code: 'tests_failing' }] });
    expect(await run.temporalStatus()).toBe('CANCELLED');
    expect(await project.comment()).toContain('Belay was told to stop.');
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
