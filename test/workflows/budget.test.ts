import { afterAll, beforeAll, expect, it } from 'vitest';
import { RETRY_SIGNAL } from '../../src/contracts/constants.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay();
});
afterAll(() => belay[Symbol.asyncDispose]());

const usage = { inputTokens: 60, outputTokens: 10, cacheReadTokens: 20, cacheWriteTokens: 10, costUsd: 2 };

it('an agent that spends more than the run may is ended at work; what it did is kept, and a higher budget goes on', async () => {
  const project = await belay.project({
    script: { implement: [{ write: { 'half.md': 'half\n' }, usage, hang: 'once', say: 'Done.' }] },
  });
  const run = await project.run({ pipeline: 'planBuild', budgetUsd: 1 });
  const parked = await run.parked();
  expect(parked.errors).toMatchObject([
    { phase: 'implement', code: 'engine_budget_exhausted', hint: expect.stringContaining('--budget') as string },
  ]);
  expect(parked).toMatchObject({ costUsd: 2, budgetUsd: 1 });
  expect(parked.headSha).not.toBe(parked.baseSha);
  await belay.client.workflow.getHandle(run.workflowId).signal(RETRY_SIGNAL, { budgetUsd: 10 });
  const view = await run.closed();
  expect(view).toMatchObject({ status: 'completed', costUsd: 4, budgetUsd: 10 });
  const shipped = await (await project.run({ pipeline: 'ship' })).closed();
  expect(await project.git('show', `${shipped.branch}:half.md`)).toBe('half');
});

it('a run that has spent its budget is not asked for more', async () => {
  const project = await belay.project({ script: { classify: [{ usage, json: { class: 'bug', reason: 'It is one.' } }] } });
  const run = await project.run({ pipeline: 'plan', budgetUsd: 2 });
  expect((await run.parked()).errors).toMatchObject([{ phase: 'plan', code: 'engine_budget_exhausted' }]);
  expect(await run.stepNames()).not.toContain('plan');
});
