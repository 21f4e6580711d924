import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RETRY_SIGNAL } from '../../src/contracts/constants.ts';
import type { RunView } from '../../src/contracts/run-view.ts';
import type { WaitLimits } from '../../src/contracts/run-input.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import { phaseOf } from '../support/belay-run.ts';
import type { TestRun } from '../support/belay-run.ts';

const HOUR_MS = 3_600_000;
const usage = { inputTokens: 60, outputTokens: 10, cacheReadTokens: 20, cacheWriteTokens: 10, costUsd: 0.25 };
/** Nothing is waited for that a test does not ask for. */
const waits: WaitLimits = { keepWorkspaceMs: 0, shortestMs: 10, unknownMs: 100, longestMs: 10 * HOUR_MS, tellMs: HOUR_MS / 2 };

/** One slot: a run that waits in it would hold up every other. */
let belay: Belay;
beforeAll(async () => {
  belay = await startBelay({ BELAY_MAX_WORKSPACES: '1' });
});
afterAll(() => belay[Symbol.asyncDispose]());

const limit = (resetAfterMs: number, code = 'engine_limit_reached' as const) => ({ fail: { code, resetAfterMs } });
/** By a clock that is behind. */
const PAST = { fail: { code: 'engine_limit_reached' as const, resetAt: '2020-01-01T00:00:00Z' } };
const asleep = (run: TestRun): Promise<RunView> => run.until(({ waitingUntil }) => waitingUntil !== undefined);
const wake = (run: TestRun, order = {}): Promise<void> => belay.client.workflow.getHandle(run.workflowId).signal(RETRY_SIGNAL, order);

/** Half of the work, then a limit; the rest of it in the next turn. */
const HALF = (ms: number) => [
  { write: { 'half.md': 'half\n' }, usage, ...limit(ms) },
  { run: 'cat half.md half.md > whole.md', usage, say: 'Done.' },
];

async function expectOneTurn(run: TestRun, view: RunView): Promise<void> {
  expect(await run.stepNames()).toEqual(
    ['classify', 'plan', 'implement'].flatMap((name) => (name === 'classify' ? ['read-issue', name] : [name])),
  );
  const implement = (await belay.ledger.listSessions(run.id)).filter(({ name }) => name === 'implement');
  expect(implement).toMatchObject([{ costUsd: 0.5 }]);
  expect(view.costUsd).toBeCloseTo(0.5, 6);
  expect(phaseOf(view, 'implement').attempts).toBe(1);
}

describe('a usage limit', () => {
  it('frees the workspace, and a retry goes on at once in the same session with what was done', async () => {
    const project = await belay.project({ waits, script: { implement: HALF(HOUR_MS) } });
    const run = await project.run({ pipeline: 'planBuild' });
    const waiting = await asleep(run);
    expect(waiting).toMatchObject({ status: 'waiting', waitingFor: 'usage_limit', errors: [], costUsd: 0.25 });
    expect(waiting.waitingMessage).toContain('engine_limit_reached');
    expect(Date.parse(waiting.waitingUntil ?? '') - Date.now()).toBeGreaterThan(HOUR_MS / 2);
    expect(waiting).not.toHaveProperty('workspace');
    await expect.poll(() => project.comment(), { timeout: 20_000 }).toContain('waits for a usage limit to end until');
    // The only slot is free.
    expect(await (await (await belay.project()).run({ pipeline: 'plan' })).closed()).toMatchObject({ status: 'completed' });
    await wake(run);
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', errors: [] });
    for (const gone of ['waitingFor', 'waitingUntil', 'waitingMessage']) expect(view).not.toHaveProperty(gone);
    await expectOneTurn(run, view);
    expect(await run.log()).toContain('goes on where it was interrupted');
    const shipped = await (await project.run({ pipeline: 'ship' })).closed();
    expect(await project.git('show', `${shipped.branch}:whole.md`)).toBe('half\nhalf');
  });

  it('is over by itself at its time, however often it comes, and burns no attempt', async () => {
    const project = await belay.project({
      waits,
      script: { plan: [limit(50), PAST, { fail: { code: 'engine_rate_limited' } }, { say: 'A plan.' }] },
    });
    const run = await project.run({ pipeline: 'plan' });
    expect(await run.closed()).toMatchObject({ status: 'completed', errors: [] });
    expect((await run.stepNames()).filter((name) => name === 'plan')).toHaveLength(1);
  });

  it('is waited for by the next worker when this one stops', async () => {
    const project = await belay.project({ waits, script: { implement: HALF(1500) } });
    const run = await project.run({ pipeline: 'planBuild' });
    await asleep(run);
    await belay.stopWorker();
    await belay.startWorker();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed' });
    await expectOneTurn(run, view);
  });

  it('is no reason not to cancel', async () => {
    const project = await belay.project({ waits, script: { plan: [limit(HOUR_MS)] } });
    const run = await project.run({ pipeline: 'plan' });
    await asleep(run);
    await run.cancel();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'cancelled' });
    expect(view).not.toHaveProperty('waitingUntil');
    expect(await run.temporalStatus()).toBe('CANCELLED');
  });

  it('that is too far away parks, and says so', async () => {
    const project = await belay.project({ waits, script: { plan: [limit(1000 * HOUR_MS), { say: 'A plan.' }] } });
    const run = await project.run({ pipeline: 'plan' });
    const { errors } = await run.parked();
    expect(errors).toMatchObject([{ code: 'engine_limit_reached', message: expect.stringContaining('would have waited') as string }]);
    await run.retry();
    expect(await run.closed()).toMatchObject({ status: 'completed' });
  });
});

describe('a turn that the run can do without', () => {
  it('is waited for where that is short, and left out where it is long', async () => {
    const project = await belay.project({
      waits,
      script: {
        'commit-message': [limit(50), { say: 'fix: write it down well' }],
        'pull-request': [limit(HOUR_MS)],
      },
    });
    const run = await project.run();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request', errors: [] });
    expect(await project.git('log', '-1', '--format=%s', String(view.branch))).toBe('fix: write it down well');
    const [pullRequest] = await project.pullRequests();
    expect(pullRequest?.body).not.toContain('It is written down now.');
  });
});

describe('a short limit', () => {
  it('is waited for in the workspace', async () => {
    const project = await belay.project({ waits: { ...waits, keepWorkspaceMs: 2 * HOUR_MS }, script: { implement: HALF(HOUR_MS) } });
    const run = await project.run({ pipeline: 'planBuild' });
    expect(await asleep(run)).toMatchObject({ status: 'waiting', workspace: { kind: 'worktree' } });
    await wake(run);
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed' });
    await expectOneTurn(run, view);
  });
});
