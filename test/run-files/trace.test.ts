import { expect, test } from 'vitest';
import type { SessionRecord, StepRecord } from '../../src/contracts/records.ts';
import { buildTrace } from '../../src/run-files/trace.ts';
import { exampleRun } from '../support/example-run.ts';

const view = exampleRun({
  status: 'completed',
  costUsd: 0.5,
  durationMs: 9000,
  phases: [
    {
      name: 'implement',
      status: 'completed',
      attempts: 2,
      startedAt: '2026-11-20T10:00:00.000Z',
      completedAt: '2026-11-20T10:00:05.000Z',
      durationMs: 5000,
      sessions: [
        { name: 'implement', engine: 'claude', id: 's1', costUsd: 0.2, tokens: 10 },
        { name: 'implement', engine: 'claude', id: 's2', costUsd: 0.3, tokens: 5 },
      ],
    },
    { name: 'test', status: 'skipped', attempts: 0, sessions: [] },
  ],
});

const step: StepRecord = {
  runId: view.id,
  number: 3,
  name: 'implement',
  phase: 'implement',
  status: 'completed',
  attempt: 1,
  startedAt: view.createdAt,
};

const session: SessionRecord = {
  runId: view.id,
  step: 3,
  sessionId: 's1',
  name: 'implement',
  engine: 'claude',
  inputTokens: 1,
  outputTokens: 2,
  cacheReadTokens: 3,
  cacheWriteTokens: 4,
  costUsd: 0.2,
  durationMs: 900,
  success: true,
};

test('a trace sums up phases and sessions', () => {
  const trace = buildTrace({ view, steps: [step], sessions: [session] });
  expect(trace).toMatchObject({ runId: view.id, status: 'completed', totals: { costUsd: 0.5, tokens: 10, durationMs: 9000 } });
  expect(trace.phases).toMatchObject([
    { name: 'implement', attempts: 2, costUsd: 0.5, tokens: 15, durationMs: 5000 },
    { name: 'test', status: 'skipped', costUsd: 0, tokens: 0, durationMs: 0 },
  ]);
  expect(trace.sessions).toEqual([
    {
      agent: 'implement',
      phase: 'implement',
      step: 3,
      engine: 'claude',
      id: 's1',
      costUsd: 0.2,
      tokens: 10,
      durationMs: 900,
      success: true,
    },
  ]);
});

test('a run that is still going is as long as its phases so far, and an unrecorded step has no phase', () => {
  const { durationMs: _none, ...open } = view;
  const trace = buildTrace({ view: open, steps: [], sessions: [session] });
  expect(trace.totals.durationMs).toBe(5000);
  expect(trace.sessions[0]).not.toHaveProperty('phase');
});
