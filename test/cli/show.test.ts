import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openContext } from '../../src/cli/context.ts';
import type { Context } from '../../src/cli/context.ts';
import { show } from '../../src/cli/show.ts';
import type { RunView } from '../../src/contracts/run-view.ts';
import { exampleRun } from '../support/example-run.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const said: string[] = [];
const resources = new AsyncDisposableStack();
let context: Context;

const session = { name: 'implement', engine: 'claude', id: 'a', costUsd: 0.5, tokens: 1234 };
const startedAt = '2026-11-20T10:00:00.000Z';
const earlier = exampleRun({ id: '0000aaaa', costUsd: 1.25, phases: [phase({ costUsd: 1.25, tokens: 10_000 })] });
const view = exampleRun({ id: '0000bbbb', continues: earlier.id, costUsd: 0.5, phases: [phase({})] });

function phase(changes: Partial<RunView['phases'][number]['sessions'][number]>): RunView['phases'][number] {
  return { name: 'implement', status: 'completed', attempts: 1, startedAt, sessions: [{ ...session, ...changes }] };
}

beforeAll(async () => {
  const folder = resources.use(await temporaryDirectory());
  const nothing = (): void => {};
  const terminal = { live: false, piped: true, out: (text: string) => void said.push(text), note: nothing, exact: nothing };
  context = resources.use(await openContext({ env: { ...process.env, BELAY_HOME: join(folder.path, 'home') }, terminal }));
  const { ledger } = context;
  for (const run of [earlier, view]) await ledger.recordRun(run);
  const step = { runId: view.id, phase: 'implement' as const, status: 'completed' as const, attempt: 1, startedAt, durationMs: 1000 };
  await ledger.recordStep({ ...step, number: 1, name: 'read-issue' });
  await ledger.recordStep({ ...step, number: 2, name: 'implement' });
  const used = { inputTokens: 1000, outputTokens: 34, cacheReadTokens: 150, cacheWriteTokens: 50, costUsd: 0.5, durationMs: 900 };
  await ledger.recordSession({ runId: view.id, step: 2, sessionId: 'a', name: 'implement', engine: 'claude', ...used, success: true });
});
afterAll(() => resources.disposeAsync());

async function shown(json: boolean): Promise<string> {
  said.length = 0;
  expect(await show(context, view.id, { history: false, json })).toBe(0);
  return said.join('\n');
}

test('tokens and cost are shown for the run, its phases, its steps and the runs that it goes on from', async () => {
  const text = await shown(false);
  expect(text).toContain('used          1,234 tokens, $0.50');
  expect(text).toContain('continues     run 0000aaaa, 10,000 tokens, $1.25');
  expect(text).toContain('all together  11,234 tokens, $1.75');
  expect(text).toMatch(/ implement completed 1,234 tokens, \$0\.50/);
  expect(text).toMatch(/ 2 {2}implement implement +completed 1\.0 s +1,234 tokens, \$0\.50/);
  expect(text).toMatch(/ 1 {2}implement read-issue +completed 1\.0 s$/m);
});

test('as JSON it is the run view with the same beside it', async () => {
  expect(JSON.parse(await shown(true))).toMatchObject({
    id: view.id,
    costUsd: 0.5,
    tokens: 1234,
    steps: [
      { number: 1, name: 'read-issue', tokens: 0, costUsd: 0 },
      { number: 2, name: 'implement', tokens: 1234, costUsd: 0.5 },
    ],
    earlier: { tokens: 10_000, costUsd: 1.25, runs: [{ id: '0000aaaa', tokens: 10_000, costUsd: 1.25 }] },
  });
});
