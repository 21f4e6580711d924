import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import { phaseOf } from '../support/belay-run.ts';
import { shellProgram } from '../support/programs.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import type { TemporaryDirectory } from '../support/temporary-directory.ts';

/** An agent that writes wherever it is, whatever it was allowed, and notes what it found there before. */
const VANDAL = (seen: string): string => `cat > /dev/null
ls >> "${seen}"
echo vandalised > readme.md; echo new > vandal.txt
echo '{"type":"system","subtype":"init","session_id":"5e551011-0000-4000-8000-000000000000"}'
echo '{"type":"result","subtype":"success","is_error":false,"session_id":"5e551011-0000-4000-8000-000000000000","result":"Done.","structured_output":{"class":"bug","reason":"It said so."}}'`;

let folder: TemporaryDirectory;
let belay: Belay;
beforeAll(async () => {
  folder = await temporaryDirectory();
  const claude = await shellProgram(join(folder.path, 'claude'), VANDAL(join(folder.path, 'seen')));
  belay = await startBelay({ BELAY_CLAUDE_PATH: claude });
});
afterAll(async () => {
  await belay[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const VALID = { json: { class: 'chore', reason: 'It is one.' } };
const INVALID = { say: 'It is a nuisance.', json: { class: 'nuisance' } };

describe('an agent’s answer', () => {
  it('is asked for once more in the same session when it is not valid', async () => {
    const project = await belay.project({ script: { classify: [INVALID, VALID] } });
    const run = await project.run({ pipeline: 'plan' });
    expect(await run.closed()).toMatchObject({ status: 'completed', outcome: 'phase_done', issueClass: 'chore' });
    expect((await belay.ledger.listSessions(run.id)).filter(({ name }) => name === 'classify')).toHaveLength(1);
    expect((await run.stepNames()).filter((name) => name === 'classify')).toHaveLength(1);
  });

  it('parks the run when the second one is not valid either, with the raw text kept; a retry asks anew', async () => {
    const project = await belay.project({ script: { classify: [INVALID, { ...INVALID, say: 'Still one.' }, VALID] } });
    const run = await project.run({ pipeline: 'plan' });
    const { errors } = await run.parked();
    expect(errors).toMatchObject([{ phase: 'classify', code: 'engine_invalid_output' }]);
    const file = /is in (\S+)\. /.exec(errors[0]?.hint ?? '')?.[1] ?? '';
    const raw = await readFile(join(belay.home, file), 'utf8');
    expect(raw).toContain('It is a nuisance.');
    expect(raw).toContain('Still one.');
    await run.retry();
    expect(await run.closed()).toMatchObject({ status: 'completed', issueClass: 'chore' });
  });
});

describe('a read-only command', () => {
  it('leaves nothing behind in the files, and the log says so', async () => {
    const project = await belay.project({
      files: { '.belay.yml': 'engine: claude\n', 'readme.md': 'A project.\n' },
    });
    const run = await project.run({ pipeline: 'plan' });
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', engine: 'claude', headSha: view.baseSha });
    const seen = await readFile(join(folder.path, 'seen'), 'utf8');
    // Nor did the plan's agent see what the classification's had done.
    expect(seen).toBe('readme.md\n'.repeat(2));
    const log = await run.log();
    for (const command of ['classify', 'plan'])
      expect(log).toContain(`${command} may only read, but files had changed: they were put back.`);
  });
});

describe('an engine', () => {
  it('that is not logged in parks the run, which goes on once it is', async () => {
    const project = await belay.project({ script: { plan: [{ fail: { code: 'engine_not_logged_in' } }, { say: 'A plan.' }] } });
    const run = await project.run();
    expect((await run.parked()).errors).toMatchObject([
      { phase: 'plan', code: 'engine_not_logged_in', hint: 'The script asked for this.' },
    ]);
    expect((await run.stepNames()).filter((name) => name === 'plan')).toHaveLength(1);
    await run.retry();
    expect(await run.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect((await run.stepNames()).filter((name) => name === 'classify')).toHaveLength(1);
  });

  it('that is overloaded, or crashes, is tried again in the same step', async () => {
    const project = await belay.project({
      script: {
        classify: [{ fail: { code: 'engine_overloaded' } }, VALID],
        plan: [{ fail: { code: 'engine_crashed' } }, { say: 'A plan.' }],
      },
    });
    const run = await project.run({ pipeline: 'plan' });
    expect(await run.closed()).toMatchObject({ status: 'completed', errors: [] });
    expect((await run.steps()).map(({ name, attempt }) => `${name} ${attempt}`)).toEqual(['read-issue 1', 'classify 2', 'plan 2']);
  });

  it('that crashes again and again parks the run', async () => {
    const project = await belay.project({ script: { plan: [{ fail: { code: 'engine_crashed', message: 'Segmentation fault' } }] } });
    const run = await project.run({ pipeline: 'plan' });
    expect((await run.parked()).errors).toMatchObject([
      { phase: 'plan', code: 'engine_crashed', attempts: 3, message: expect.stringContaining('Segmentation fault') as string },
    ]);
    expect((await run.steps()).at(-1)).toMatchObject({ name: 'plan', attempt: 3, status: 'failed' });
  });

  it('that has spent the budget parks the run before the next turn', async () => {
    const usage = { inputTokens: 10, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, costUsd: 1.5 };
    const project = await belay.project({ script: { classify: [{ ...VALID, usage }], plan: [{ say: 'A plan.', usage }] } });
    const run = await project.run({ budgetUsd: 2 });
    const parked = await run.parked();
    expect(parked).toMatchObject({ costUsd: 3, budgetUsd: 2 });
    expect(parked.errors).toMatchObject([{ phase: 'implement', code: 'engine_budget_exhausted' }]);
    expect(await run.stepNames()).toEqual(['read-issue', 'classify', 'plan']);
    expect(phaseOf(parked, 'plan').sessions).toMatchObject([{ costUsd: 1.5, tokens: 11 }]);
  });

  it('that gives no commit message or pull request text leaves plain ones', async () => {
    const refused = { fail: { code: 'engine_refused' as const } };
    const project = await belay.project({ script: { 'commit-message': [refused], 'pull-request': [refused] } });
    const view = await (await project.run()).closed();
    expect(view).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    expect(await project.git('log', '-1', '--format=%s', view.branch as string)).toBe('fix: it is not written down');
    expect(await project.pullRequests()).toMatchObject([{ title: 'It is not written down' }]);
  });
});
