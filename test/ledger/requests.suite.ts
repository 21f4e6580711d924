import { expect, test } from 'vitest';
import type { PhaseView } from '../../src/contracts/run-view.ts';
import type { KeyHolder } from '../../src/ledger/service-ledger.ts';
import { exampleRun } from '../support/example-run.ts';
import { freshLedger } from '../support/fresh-ledger.ts';

const at = (minute: number): string => `2026-11-20T10:${String(minute).padStart(2, '0')}:00.000Z`;

test('a request with a key is answered by one, and from then on as it was', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  const claim = { key: 'k', request: 'r', at: at(0) };
  const claims = await Promise.all([1, 2, 3].map(() => ledger.claimKey(claim)));
  expect(claims.map(({ state }) => state).toSorted()).toEqual(['busy', 'busy', 'claimed']);
  expect(await ledger.claimKey({ ...claim, request: 'another' })).toEqual({ state: 'other' });
  await ledger.settleKey(claim, { runId: '0123abcd', status: 202 });
  expect(await ledger.claimKey({ ...claim, at: at(30) })).toEqual({ state: 'answered', runId: '0123abcd', status: 202 });
  // What was answered stays so.
  await ledger.releaseKey(claim);
  expect(await ledger.claimKey({ ...claim, at: at(31) })).toMatchObject({ state: 'answered' });
  expect(await ledger.claimKey({ ...claim, at: '2026-11-22T10:00:00.000Z' })).toEqual({ state: 'claimed' });
});

test('who died over a request leaves it, with the run that was begun for it, to one other', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await ledger.claimKey({ key: 'k', request: 'r', at: at(0) });
  const [first, second] = [0, 2].map((minute) => ({ key: 'k', at: at(minute) })) as [KeyHolder, KeyHolder];
  expect(await ledger.noteKeyRun(first, '0123abcd')).toBe(true);
  expect(await ledger.claimKey({ key: 'k', request: 'r', at: '2026-11-20T10:00:59.000Z' })).toEqual({ state: 'busy' });
  expect(await ledger.claimKey({ key: 'k', request: 'another', at: at(2) })).toEqual({ state: 'other' });
  expect(await ledger.claimKey({ key: 'k', request: 'r', at: at(2) })).toEqual({ state: 'claimed', runId: '0123abcd' });
  expect(await ledger.claimKey({ key: 'k', request: 'r', at: at(2) })).toEqual({ state: 'busy' });
  // Who was thought dead comes back: the request is no longer theirs.
  expect(await ledger.noteKeyRun(first, 'bbbbbbbb')).toBe(false);
  await ledger.settleKey(first, { runId: 'bbbbbbbb', status: 202 });
  await ledger.releaseKey(first);
  expect(await ledger.claimKey({ key: 'k', request: 'r', at: at(2) })).toEqual({ state: 'busy' });
  await ledger.releaseKey(second);
  expect(await ledger.claimKey({ key: 'k', request: 'another', at: at(3) })).toEqual({ state: 'claimed' });
});

test('runs are summed up by what became of them, and phases by how long they took', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  const phase: PhaseView = { name: 'plan', status: 'completed', attempts: 1, sessions: [] };
  await ledger.recordRun(exampleRun({ id: '0000aaaa', costUsd: 1, phases: [{ ...phase, durationMs: 10 }] }));
  await ledger.recordRun(
    exampleRun({
      id: '0000bbbb',
      costUsd: 2,
      phases: [
        { ...phase, durationMs: 30 },
        { ...phase, status: 'running' },
      ],
    }),
  );
  await ledger.recordRun(exampleRun({ id: '0000cccc', status: 'failed' }));
  expect(await ledger.runStatistics()).toEqual({
    runs: [
      { pipeline: 'sdlc', status: 'failed', count: 1, costUsd: 0 },
      { pipeline: 'sdlc', status: 'running', count: 2, costUsd: 3 },
    ],
    phases: [{ name: 'plan', status: 'completed', count: 2, durationMs: 40 }],
  });
});
