import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSpending } from '../../src/activities/spending.ts';
import { createTurnMeter } from '../../src/activities/turn-meter.ts';
import type { Metered } from '../../src/activities/turn-meter.ts';
import { untoldSpending } from '../../src/activities/untold-spending.ts';
import type { PhaseName } from '../../src/contracts/constants.ts';
import type { SessionRecord, StepRecord } from '../../src/contracts/records.ts';
import type { RunView, SessionView } from '../../src/contracts/run-view.ts';
import { parseClaudeLine } from '../../src/engines/claude-output.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const used = (tokens: number, costUsd: number) => ({
  inputTokens: tokens,
  outputTokens: 1,
  cacheReadTokens: 2,
  cacheWriteTokens: 3,
  costUsd,
  durationMs: 10,
});
const recordOf = (step: number, sessionId: string, tokens: number, costUsd: number): SessionRecord => ({
  runId: 'run1',
  step,
  sessionId,
  name: 'implement',
  engine: 'claude',
  ...used(tokens, costUsd),
  success: true,
});

describe('the spending of a step', () => {
  it('goes on from what earlier attempts left in the ledger, and not from other steps', async () => {
    await using home = await temporaryDirectory();
    await using ledger = await openLedger({ path: join(home.path, 'ledger.db') });
    await ledger.recordSession(recordOf(1, 'other', 1000, 10));
    await ledger.recordSession(recordOf(2, 'first', 100, 1));
    const spending = await openSpending({ ledger }, { runId: 'run1', step: 2 });
    expect(spending.total()).toEqual({ costUsd: 1, tokens: 106 });
    expect(spending.soFar('first', used(5, 0.5))).toMatchObject({ inputTokens: 105, costUsd: 1.5 });
    expect(spending.total()).toEqual({ costUsd: 1, tokens: 106 });
    expect(spending.add('first', used(5, 0.5))).toMatchObject({ inputTokens: 105, outputTokens: 2, costUsd: 1.5, durationMs: 20 });
    expect(spending.add('second', used(7, 0.25))).toMatchObject({ inputTokens: 7 });
    expect(spending.total()).toEqual({ costUsd: 1.75, tokens: 106 + 11 + 13 });
  });
});

/** Lines of one answer, as claude 2.1.329 says them: each with all that the answer has used so far. */
const answerLine = (id: string, output: number): string =>
  `{"type":"assistant","message":{"id":"${id}","type":"message","role":"assistant","model":"claude-opus-5-5","content":[{"type":"text","text":"."}],"usage":{"input_tokens":100,"cache_creation_input_tokens":7,"cache_read_input_tokens":5,"output_tokens":${output}}},"session_id":"s"}`;

describe('the meter of a turn', () => {
  const noted = async (lines: readonly string[], write: (sum: Metered) => Promise<void> = async () => {}) => {
    const meter = createTurnMeter(write);
    for (const event of lines.flatMap((line) => parseClaudeLine(line))) if (event.type === 'usage') meter.note(event);
    return meter.stop();
  };

  it('counts an answer once, however many lines tell of it, and says that its price is not known', async () => {
    expect(await noted([answerLine('msg_1', 1), answerLine('msg_1', 30), answerLine('msg_2', 2)])).toEqual({
      used: { inputTokens: 200, outputTokens: 32, cacheReadTokens: 10, cacheWriteTokens: 14, costUsd: 0 },
      isPriced: false,
    });
  });

  it('has nothing to say of a turn that ended before its first answer', async () => {
    expect(await noted(['{"type":"system","subtype":"init","session_id":"s"}'])).toBeUndefined();
  });

  it('has the sum written while the turn goes on, and nothing once it has stopped', async () => {
    const written: number[] = [];
    let open = true;
    await noted([answerLine('msg_1', 1)], async ({ inputTokens }) => {
      expect(open).toBe(true);
      written.push(inputTokens);
    });
    open = false;
    expect(written).toEqual([100]);
  });
});

describe('what a run was not told of', () => {
  const stepOf = (number: number, phase: PhaseName): StepRecord => ({
    runId: 'run1',
    number,
    name: phase,
    phase,
    status: 'completed',
    attempt: 1,
    startedAt: '2026-11-21T10:00:00.000Z',
  });
  const viewOf = (sessions: Partial<Record<PhaseName, SessionView[]>>): RunView =>
    ({ phases: Object.entries(sessions).map(([name, told]) => ({ name, sessions: told })) }) as unknown as RunView;
  const told = (id: string, tokens: number, costUsd: number): SessionView => ({ name: 'implement', engine: 'claude', id, tokens, costUsd });

  it('is nothing where the ledger and the run agree, whatever names the sums have', () => {
    const view = viewOf({ plan: [told('a', 106, 1)], implement: [told('failed', 212, 0.3)] });
    const sessions = [recordOf(1, 'a', 100, 1), recordOf(2, 'b', 100, 0.1), recordOf(3, 'c', 100, 0.2)];
    expect(untoldSpending(view, [stepOf(1, 'plan'), stepOf(2, 'implement'), stepOf(3, 'implement')], sessions)).toEqual([]);
  });

  it('is the rest of each phase, under the session that did not end', () => {
    const view = viewOf({ plan: [told('a', 106, 1)], implement: [] });
    const sessions = [recordOf(1, 'a', 100, 1), { ...recordOf(2, 'b', 100, 0.25), success: false }];
    expect(untoldSpending(view, [stepOf(1, 'plan'), stepOf(2, 'implement')], sessions)).toEqual([
      { phase: 'implement', session: { name: 'implement', engine: 'claude', id: 'b', costUsd: 0.25, tokens: 106 } },
    ]);
  });
});
