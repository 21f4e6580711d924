import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { APPROVE_UPDATE, MESSAGE_SIGNAL, PIPELINES, REJECT_UPDATE } from '../src/contracts/constants.ts';
import { startBelay } from '../test/support/belay.ts';
import type { Belay } from '../test/support/belay.ts';
import type { Turns } from '../test/support/belay-project.ts';
import type { TestRun } from '../test/support/belay-run.ts';
import { historiesOf, historyText } from '../test/support/histories.ts';

/**
 * Records the Temporal histories of runs of every kind. The replay test holds later code to them: a run that was begun by
 * this version goes on under the next one. Add to them at a release; delete those that no run can have any more.
 * Arguments: the names of those to record anew; without any, all are.
 */
const HISTORIES = fileURLToPath(new URL('../test/replay/histories/', import.meta.url));
const SOURCE = fileURLToPath(new URL('..', import.meta.url));

const BLOCKER = { title: 'It is wrong', description: 'Very.', severity: 'blocker', files: ['notes.md'] };
const BREAKS: Turns = { implement: [{ write: { 'broken.txt': 'yes\n', 'notes.md': 'written down\n' } }] };
const MENDS: Turns = { 'resolve-failed-test': [{ run: 'rm -f broken.txt' }] };
const HANGS: Turns = { implement: [{ hang: 'once', write: { 'notes.md': 'written down\n' } }] };

/** By name: a run that has come to where its history is worth keeping. */
const KINDS: Record<string, (belay: Belay) => Promise<TestRun>> = {
  'sdlc-resolved': async (belay) => {
    const review = [{ json: { passed: false, issues: [BLOCKER] } }, { json: { passed: true, issues: [] } }];
    const project = await belay.project({
      script: { ...BREAKS, ...MENDS, review, 'resolve-review-issue': [{ write: { 'notes.md': 'well\n' } }] },
    });
    return closed(await project.run());
  },
  'sdlc-documented': async (belay) => {
    const project = await belay.project({ script: { document: [{ write: { 'readme.md': 'Documented.\n' } }] } });
    return closed(await project.run());
  },
  'sdlc-no-changes': async (belay) => closed(await (await belay.project({ script: { implement: [{ say: 'All is done.' }] } })).run()),
  'sdlc-continued': async (belay) => {
    const project = await belay.project();
    await closed(await project.run());
    await project.script({ implement: [{ write: { 'more.md': 'more\n' } }] });
    return closed(await project.run());
  },
  'sdlc-parked': async (belay) => {
    const run = await (await belay.project({ script: BREAKS })).run();
    await run.parked();
    return run;
  },
  'sdlc-retried': async (belay) => {
    const project = await belay.project({ script: BREAKS });
    const run = await project.run();
    await run.parked();
    await project.script(MENDS);
    await run.retry();
    return closed(run);
  },
  'sdlc-retried-from-plan': async (belay) => {
    const project = await belay.project({
      script: { ...BREAKS, implement: [...(BREAKS.implement ?? []), { write: { 'notes.md': 'x\n' } }] },
    });
    const run = await project.run();
    await run.parked();
    await run.retry('plan');
    return closed(run);
  },
  'sdlc-rolled-back': async (belay) => {
    const project = await belay.project({ script: BREAKS });
    const run = await project.run();
    await run.parked();
    await project.script({});
    await run.rollback(2);
    return closed(run);
  },
  'sdlc-cancelled': async (belay) => {
    const run = await (await belay.project({ script: HANGS })).run();
    await run.working('implement');
    await run.cancel();
    return closed(run);
  },
  'sdlc-cancelled-by-server': async (belay) => {
    const run = await (await belay.project({ script: HANGS })).run();
    await run.working('implement');
    await run.cancelOnServer();
    return closed(run);
  },
  'sdlc-cancelled-parked': async (belay) => {
    const run = await (await belay.project({ script: BREAKS })).run();
    await run.parked();
    await run.cancel();
    return closed(run);
  },
  'sdlc-worker-restarted': async (belay) => {
    const run = await (await belay.project({ script: HANGS })).run();
    await run.working('implement');
    await belay.stopWorker();
    await belay.startWorker();
    return closed(run);
  },
};

/** One of every way to wait: for a person, a limit, another engine's turn, a slot. */
const WAITS: Record<string, (belay: Belay) => Promise<TestRun>> = {
  'wait-approval': async (belay) => {
    const run = await (await belay.project()).run({ approve: ['plan', 'publish'] });
    await run.until(({ approval }) => approval?.of === 'plan');
    await answer(belay, run, REJECT_UPDATE, { reason: 'It is too long.' });
    await run.until(
      ({ approval, phases }) => approval?.of === 'plan' && phases.some(({ name, attempts }) => name === 'plan' && attempts === 2),
    );
    await answer(belay, run, APPROVE_UPDATE, {});
    await run.until(({ approval }) => approval?.of === 'publish');
    await answer(belay, run, APPROVE_UPDATE, {});
    return closed(run);
  },
  'wait-approval-expired': async (belay) => {
    const limits = { approvalReminderMs: 50, approvalExpiryMs: 100 };
    const run = await (await belay.project()).run({ approve: ['plan'], limits });
    await run.parked();
    return run;
  },
  'wait-usage-limit': async (belay) => {
    const fail = { code: 'engine_limit_reached' as const, resetAfterMs: 200 };
    const waits = { keepWorkspaceMs: 0, shortestMs: 10, unknownMs: 100, longestMs: 3_600_000, tellMs: 0 };
    return closed(await (await belay.project({ waits, script: { plan: [{ fail }, { say: 'A plan.' }] } })).run());
  },
  'wait-memory': async (belay) => {
    const fail = { code: 'host_memory_short' as const, resetAfterMs: 200 };
    const waits = { keepWorkspaceMs: 60_000, shortestMs: 10, unknownMs: 100, longestMs: 3_600_000, tellMs: 3_600_000 };
    return closed(await (await belay.project({ waits, script: { plan: [{ fail }, { say: 'A plan.' }] } })).run());
  },
  'wait-message': async (belay) => {
    const project = await belay.project({ script: { implement: [{ write: { 'notes.md': 'x\n' }, delayMs: 1000 }, { say: 'Noted.' }] } });
    const run = await project.run();
    await run.working('implement');
    await belay.client.workflow.getHandle(run.workflowId).signal(MESSAGE_SIGNAL, { text: 'Keep it short.' });
    return closed(run);
  },
};

const answer = (belay: Belay, run: TestRun, update: string, order: object): Promise<unknown> =>
  belay.client.workflow.getHandle(run.workflowId).executeUpdate(update, { args: [order] });

async function closed(run: TestRun): Promise<TestRun> {
  await run.closed();
  return run;
}

/** Every pipeline on an issue that has been worked on before, for those that need it. */
async function happy(belay: Belay): Promise<Record<string, TestRun>> {
  const runs: Record<string, TestRun> = {};
  for (const pipeline of PIPELINES) {
    const project = await belay.project();
    if (['review', 'document', 'ship'].includes(pipeline)) await closed(await project.run({ pipeline: 'planBuild' }));
    runs[pipeline] = await closed(await project.run({ pipeline }));
  }
  return runs;
}

async function record(only: readonly string[]): Promise<void> {
  const kinds = Object.entries({ ...KINDS, ...WAITS }).filter(([name]) => only.length === 0 || only.includes(name));
  const unknown = only.filter((name) => !kinds.some(([kind]) => kind === name));
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}: they are ${Object.keys({ ...KINDS, ...WAITS }).join(', ')}.`);
  await using belay = await startBelay({ BELAY_TEST_ATTEMPTS: '2' });
  const runs = only.length === 0 ? await happy(belay) : {};
  for (const [name, run] of kinds) runs[name] = await run(belay);
  const replace = { [dirname(belay.home)]: '/belay', [SOURCE]: '/belay/source/' };
  if (only.length === 0) await rm(HISTORIES, { recursive: true, force: true });
  await mkdir(HISTORIES, { recursive: true });
  for (const [name, run] of Object.entries(runs)) {
    const histories = await historiesOf(belay.client, run);
    for (const [index, history] of histories.entries()) {
      const file = histories.length === 1 ? name : `${name}-${index + 1}`;
      await writeFile(join(HISTORIES, `${file}.json`), historyText(history, replace));
      console.log(`${file}: ${history.events?.length} events`);
    }
  }
}

await record(process.argv.slice(2));
