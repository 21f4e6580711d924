import { expect, test } from 'vitest';
import type { ArtifactRecord, LogEntry, SessionRecord, StepRecord } from '../../src/contracts/records.ts';
import { exampleRun } from '../support/example-run.ts';
import { freshLedger } from '../support/fresh-ledger.ts';

const runId = '0123abcd';
const at = '2026-11-20T10:00:00.000Z';
const later = '2026-11-20T10:00:05.000Z';

const step: StepRecord = { runId, number: 1, name: 'run-tests', phase: 'test', status: 'running', attempt: 1, startedAt: at };
const completed: StepRecord = { ...step, status: 'completed', completedAt: later, durationMs: 5000, summary: '12 passed' };

const session: SessionRecord = {
  runId,
  step: 2,
  sessionId: 's1',
  name: 'implement',
  engine: 'claude',
  model: 'sonnet',
  inputTokens: 1,
  outputTokens: 2,
  cacheReadTokens: 3,
  cacheWriteTokens: 4,
  costUsd: 0.25,
  durationMs: 900,
  success: true,
};

const artifact: ArtifactRecord = {
  id: 'a1',
  runId,
  step: 1,
  phase: 'plan',
  sessionId: 's1',
  kind: 'plan',
  name: '001-plan.md',
  mediaType: 'text/markdown; charset=utf-8',
  path: `runs/${runId}/artifacts/a1-001-plan.md`,
  bytes: 3,
  sha256: 'ff',
  createdAt: at,
};

test('steps of the same name are kept apart by their numbers, in order', async () => {
  await using fresh = await freshLedger();
  await fresh.ledger.recordStep({ ...step, number: 10 });
  await fresh.ledger.recordStep({ ...completed, number: 2 });
  await fresh.ledger.recordStep({ ...step, runId: 'other000', number: 3 });
  expect(await fresh.ledger.listSteps(runId)).toEqual([
    { ...completed, number: 2 },
    { ...step, number: 10 },
  ]);
});

test('a completed step stays completed when its start is reported late', async () => {
  await using fresh = await freshLedger();
  await fresh.ledger.recordStep(step);
  await fresh.ledger.recordStep(completed);
  await fresh.ledger.recordStep(step);
  expect(await fresh.ledger.listSteps(runId)).toEqual([completed]);
});

test('a later attempt replaces a step, an earlier one never does', async () => {
  await using fresh = await freshLedger();
  const second: StepRecord = { ...step, attempt: 2, startedAt: later };
  await fresh.ledger.recordStep({ ...completed, status: 'failed' });
  await fresh.ledger.recordStep(second);
  await fresh.ledger.recordStep(completed);
  expect(await fresh.ledger.listSteps(runId)).toEqual([second]);
});

test('a session is one record a step, with its newest numbers', async () => {
  await using fresh = await freshLedger();
  const { model: _none, ...withoutModel } = session;
  await fresh.ledger.recordSession({ ...withoutModel, costUsd: 0.1, success: false });
  await fresh.ledger.recordSession(session);
  await fresh.ledger.recordSession({ ...withoutModel, step: 5 });
  expect(await fresh.ledger.listSessions(runId)).toEqual([session, { ...withoutModel, step: 5 }]);
});

test('an artifact that is written again keeps its id and first time', async () => {
  await using fresh = await freshLedger();
  await fresh.ledger.recordArtifact(artifact);
  await fresh.ledger.recordArtifact({ ...artifact, bytes: 4, sha256: 'ee', createdAt: later });
  expect(await fresh.ledger.listArtifacts(runId)).toEqual([{ ...artifact, bytes: 4, sha256: 'ee' }]);
  expect(await fresh.ledger.getArtifact('a1')).toMatchObject({ path: artifact.path, sha256: 'ee' });
  expect(await fresh.ledger.getArtifact('a2')).toBeUndefined();
});

test('an artifact of no step is kept without one, and without phase and session', async () => {
  await using fresh = await freshLedger();
  const { phase: _phase, step: _step, sessionId: _session, ...ofRun } = artifact;
  await fresh.ledger.recordArtifact(ofRun);
  expect(await fresh.ledger.getArtifact('a1')).toEqual(ofRun);
});

const line = (source: string, seq: number): LogEntry => ({ runId, source, seq, at, level: 'info', message: `${source} ${seq}` });

test('log entries that are appended again appear once', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await ledger.appendLogs([line('workflow', 1), line('workflow', 2)]);
  await ledger.appendLogs([line('workflow', 2), line('workflow', 3), line('agent', 1)]);
  const messages = (await ledger.readLogs({ runId })).map(({ message }) => message);
  expect(messages).toEqual(['workflow 1', 'workflow 2', 'workflow 3', 'agent 1']);
});

test('logs are read on from a position, one run at a time', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await ledger.appendLogs([
    ...Array.from({ length: 1200 }, (_, index) => line('agent', index)),
    { ...line('agent', 1), runId: 'other000' },
  ]);
  const position = (entries: { position: number }[]): number => entries.at(-1)?.position ?? Number.NaN;
  const first = await ledger.readLogs({ runId, limit: 700 });
  const rest = await ledger.readLogs({ runId, limit: 700, after: position(first) });
  expect([first.length, rest.length]).toEqual([700, 500]);
  expect([...first, ...rest].map(({ seq }) => seq)).toEqual(Array.from({ length: 1200 }, (_, index) => index));
  expect(await ledger.readLogs({ runId, after: position(rest) })).toEqual([]);
});

test('a log entry keeps level, phase and step', async () => {
  await using fresh = await freshLedger();
  const entry: LogEntry = { ...line('agent', 1), level: 'warn', phase: 'test', step: 4 };
  await fresh.ledger.appendLogs([entry]);
  expect(await fresh.ledger.readLogs({ runId })).toEqual([{ ...entry, position: 1 }]);
});

test('appending nothing is fine', async () => {
  await using fresh = await freshLedger();
  await fresh.ledger.appendLogs([]);
  expect(await fresh.ledger.readLogs({ runId })).toEqual([]);
});

test('an epoch is taken by a later lease and repeated by its holder, never by another or an earlier one', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  expect(await ledger.currentEpoch(runId)).toBeUndefined();
  expect(await ledger.raiseEpoch({ runId, epoch: 2, executionId: 'a' })).toBe(true);
  expect(await ledger.raiseEpoch({ runId, epoch: 2, executionId: 'a' })).toBe(true);
  expect(await ledger.raiseEpoch({ runId, epoch: 2, executionId: 'b' })).toBe(false);
  expect(await ledger.raiseEpoch({ runId, epoch: 1, executionId: 'a' })).toBe(false);
  expect(await ledger.currentEpoch(runId)).toEqual({ epoch: 2, executionId: 'a' });
  expect(await ledger.raiseEpoch({ runId, epoch: 3, executionId: 'b' })).toBe(true);
  expect(await ledger.currentEpoch(runId)).toEqual({ epoch: 3, executionId: 'b' });
  expect(await ledger.raiseEpoch({ runId: 'other000', epoch: 1, executionId: 'a' })).toBe(true);
});

test('totals of a session that come late do not lower what is known, and tell nobody', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  const newer = { ...session, costUsd: 2, outputTokens: 9 };
  await ledger.recordSession(newer);
  await ledger.recordSession(session);
  expect(await ledger.listSessions(runId)).toEqual([newer]);
  expect(await ledger.readEvents({ after: 0 })).toHaveLength(1);
  await ledger.recordSession({ ...newer, success: false });
  expect(await ledger.listSessions(runId)).toMatchObject([{ success: false }]);
});

test('the current step is the last that is at work, and none where the run rests', async () => {
  await using fresh = await freshLedger();
  const { ledger, rows } = fresh;
  const current = async () => (await rows('select current_step from runs'))[0]?.['current_step'];
  const view = exampleRun({ currentStep: 'plan' });
  await ledger.recordRun(view);
  await ledger.recordStep({ ...step, number: 2 });
  // Late.
  await ledger.recordStep({ ...step, number: 1 });
  expect(await current()).toBe(`${runId}/2`);
  await ledger.recordRun({ ...view, version: 2, costUsd: 1 });
  expect(await current()).toBe(`${runId}/2`);
  await ledger.recordRun(exampleRun({ version: 3, status: 'parked' }));
  expect(await current()).toBeNull();
  await ledger.recordStep({ ...step, number: 3 });
  expect(await current()).toBe(`${runId}/3`);
  await ledger.recordRun(exampleRun({ version: 4, status: 'failed' }));
  await ledger.recordStep({ ...step, number: 4 });
  expect(await current()).toBeNull();
});
