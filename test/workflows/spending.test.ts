import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { totalTokens } from '../../src/contracts/records.ts';
import type { RunView } from '../../src/contracts/run-view.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import { phaseOf } from '../support/belay-run.ts';
import { eventually } from '../support/eventually.ts';

let belay: Belay;
beforeAll(async () => {
  belay = await startBelay();
});
afterAll(() => belay[Symbol.asyncDispose]());

/** 100 tokens and a quarter of a dollar. */
const usage = { inputTokens: 60, outputTokens: 10, cacheReadTokens: 20, cacheWriteTokens: 10, costUsd: 0.25 };
const NONE = { json: { class: 'nuisance' }, usage };

const tokensOf = ({ phases }: RunView): number => phases.flatMap(({ sessions }) => sessions).reduce((sum, { tokens }) => sum + tokens, 0);

/** Waits until the turn has told what it used, which it then hangs over. */
const counting = (runId: string, agent: string): Promise<void> =>
  eventually(async () => {
    const names = (await belay.ledger.listSessions(runId)).map(({ name }) => name);
    if (!names.includes(agent)) throw new Error(`Of ${agent} nothing is counted yet, only ${names.join(', ')}.`);
  });

/** What the ledger has of every session is what the view says, in sum and by phase. */
async function expectExact(view: RunView, { quarters }: { quarters: number }): Promise<void> {
  const sessions = await belay.ledger.listSessions(view.id);
  expect(sessions.reduce((sum, session) => sum + totalTokens(session), 0)).toBe(quarters * 100);
  expect(sessions.reduce((sum, { costUsd }) => sum + costUsd, 0)).toBeCloseTo(quarters / 4, 6);
  expect(view.costUsd).toBeCloseTo(quarters / 4, 6);
  expect(tokensOf(view)).toBe(quarters * 100);
}

describe('what a run has spent', () => {
  it('holds repair turns, failed turns and the phases before a retry, each once', async () => {
    const project = await belay.project({
      script: {
        classify: [NONE, { json: { class: 'bug', reason: 'It is one.' }, usage }],
        plan: [
          { usage, fail: { code: 'engine_refused' } },
          { usage, say: 'A plan.' },
        ],
      },
    });
    const run = await project.run({ pipeline: 'plan' });
    await expectExact(await run.parked(), { quarters: 3 });
    await run.retry('classify');
    // The script's last turns are played again.
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed' });
    await expectExact(view, { quarters: 5 });
    expect(phaseOf(view, 'classify').sessions.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(300);
  });

  it('holds the turn that was ended with its worker, and the one that went on from it', async () => {
    const project = await belay.project({ script: { plan: [{ usage, hang: 'once', say: 'A plan.' }] } });
    const run = await project.run({ pipeline: 'plan' });
    await counting(run.id, 'plan');
    await belay.stopWorker();
    await belay.startWorker();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed' });
    await expectExact(view, { quarters: 2 });
  });

  it('holds the turn that was cancelled', async () => {
    const project = await belay.project({ script: { plan: [{ usage, hang: true }] } });
    const run = await project.run({ pipeline: 'plan' });
    await counting(run.id, 'plan');
    await run.cancel();
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'cancelled' });
    await expectExact(view, { quarters: 1 });
    expect(phaseOf(view, 'plan').sessions).toMatchObject([{ name: 'plan', engine: 'scripted', tokens: 100, costUsd: 0.25 }]);
  });
});
