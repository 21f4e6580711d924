import type { RunView } from '../../src/contracts/run-view.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { exampleRun } from './example-run.ts';

const at = '2026-11-20T10:00:00.000Z';
const runId = '0123abcd';

export const exampleStep = { runId, number: 1, name: 'plan', phase: 'plan', status: 'running', attempt: 1, startedAt: at } as const;
export const exampleSession = {
  runId,
  step: 1,
  sessionId: 's1',
  name: 'plan',
  engine: 'scripted',
  inputTokens: 1,
  outputTokens: 2,
  cacheReadTokens: 3,
  cacheWriteTokens: 4,
  costUsd: 0.5,
  durationMs: 10,
  success: true,
};
export const exampleArtifact = {
  id: 'a1',
  runId,
  step: 1,
  phase: 'plan',
  sessionId: 's1',
  kind: 'plan',
  name: '001-plan.md',
  mediaType: 'text/markdown; charset=utf-8',
  path: 'runs/x/artifacts/a1-001-plan.md',
  bytes: 3,
  sha256: 'ff',
  createdAt: at,
} as const;

/** A record of every kind, of a run that may not be there yet. */
export async function recordAll(ledger: Ledger, runId: string = exampleStep.runId): Promise<void> {
  await ledger.recordStep({ ...exampleStep, runId });
  await ledger.recordSession({ ...exampleSession, runId });
  await ledger.recordArtifact({ ...exampleArtifact, ...(runId === exampleStep.runId ? {} : { runId, id: `a1-${runId}` }) });
  await ledger.appendLogs([{ runId, source: 'a', seq: 1, at, level: 'info', message: 'hello' }]);
  await ledger.recordVersions(runId, [{ version: 1, at, what: 'completed', phase: 'plan', results: {}, facts: {} }]);
  await ledger.recordIntent({ runId, name: 'push', on: 'main', intent: 'aa', at });
  await ledger.raiseEpoch({ runId, epoch: 1, executionId: 'e' });
}

export const recordRuns = async (ledger: Ledger, runs: Partial<RunView>[]): Promise<void> => {
  for (const run of runs) await ledger.recordRun(exampleRun(run));
};
