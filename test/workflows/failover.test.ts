import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WaitLimits } from '../../src/contracts/run-input.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';
import { shellProgram } from '../support/programs.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import type { TemporaryDirectory } from '../support/temporary-directory.ts';

const HOUR_MS = 3_600_000;
const waits: WaitLimits = { keepWorkspaceMs: 0, shortestMs: 10, unknownMs: 100, longestMs: 10 * HOUR_MS, tellMs: HOUR_MS };
const SESSION = '5e551011-0000-4000-8000-000000000000';
/** Goes on with what it finds, and keeps what it was told. */
const STAND_IN = (prompt: string): string => `cat > "${prompt}"
test -f half.md && cat half.md half.md > whole.md
echo '{"type":"system","subtype":"init","session_id":"${SESSION}"}'
echo '{"type":"result","subtype":"success","is_error":false,"session_id":"${SESSION}","result":"Went on.","total_cost_usd":0.5}'`;

let folder: TemporaryDirectory;
let belay: Belay;
beforeAll(async () => {
  folder = await temporaryDirectory();
  const claude = await shellProgram(join(folder.path, 'claude'), STAND_IN(join(folder.path, 'prompt')));
  belay = await startBelay({ BELAY_CLAUDE_PATH: claude }, { breakers: { failures: 2, openMs: 3000, successes: 2 } });
});
afterAll(async () => {
  await belay[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 1, cacheWriteTokens: 1, costUsd: 0.25 };
const told = (): Promise<string> => readFile(join(folder.path, 'prompt'), 'utf8');
const enginesIn = async (runId: string) => (await belay.ledger.listSessions(runId)).map(({ name, engine }) => `${name} by ${engine}`);

describe('another engine', () => {
  const files = { '.belay.yml': 'failover: [claude]\ntest: "true"\n', 'readme.md': 'A project.\n' };

  it('goes on at a usage limit in the same workspace, with the changes so far, and works until the first one can', async () => {
    const half = { write: { 'half.md': 'half\n' }, usage, fail: { code: 'engine_limit_reached' as const, resetAfterMs: HOUR_MS } };
    const project = await belay.project({ waits, files, script: { implement: [half], review: [{ fail: { code: 'internal' } }] } });
    const run = await project.run({ pipeline: 'planBuild' });
    const view = await run.closed();
    expect(view).toMatchObject({ status: 'completed', errors: [] });
    expect(view.costUsd).toBeCloseTo(0.75, 6);
    expect((await run.stepNames()).filter((name) => name === 'implement')).toHaveLength(1);
    expect((await enginesIn(run.id)).toSorted()).toEqual([
      'classify by scripted',
      'implement by claude',
      'implement by scripted',
      'plan by scripted',
    ]);
    const prompt = await told();
    expect(prompt).toContain('scripted worked on this before you and had to stop');
    expect(prompt).toContain('+half');
    expect(prompt).toContain('Write it down in notes.md.');
    const shipped = await (await project.run({ pipeline: 'ship' })).closed();
    expect(await project.git('show', `${shipped.branch}:whole.md`)).toBe('half\nhalf');
  });

  it('that is not there is passed over: the run waits for the chosen one', async () => {
    const project = await belay.project({
      waits,
      files: { ...files, '.belay.yml': 'engine: claude\nfailover: [scripted]\ntest: "true"\n' },
      script: { plan: [{ fail: { code: 'engine_not_logged_in' } }] },
    });
    await shellProgram(
      join(folder.path, 'claude'),
      `cat > /dev/null; echo 'Claude AI usage limit reached|${Math.floor(Date.now() / 1000) + 7200}' >&2; exit 1`,
    );
    const run = await project.run({ pipeline: 'plan' });
    expect(await run.until(({ waitingUntil }) => waitingUntil !== undefined)).toMatchObject({ waitingFor: 'usage_limit', errors: [] });
    await run.cancel();
    expect(await run.closed()).toMatchObject({ status: 'cancelled' });
  });
});

describe('an engine that fails again and again', () => {
  it('is left alone for a while, and its runs wait without burning their attempts', async () => {
    const overloaded = { fail: { code: 'engine_overloaded' as const } };
    const project = await belay.project({ waits, script: { plan: [overloaded, overloaded, overloaded, overloaded, { say: 'A plan.' }] } });
    const run = await project.run({ pipeline: 'plan' });
    const waiting = await run.until(({ waitingFor }) => waitingFor === 'breaker');
    expect(waiting).toMatchObject({
      status: 'waiting',
      errors: [],
      waitingMessage: expect.stringContaining('scripted has failed') as string,
    });
    expect(await run.closed()).toMatchObject({ status: 'completed', errors: [] });
  });
});
