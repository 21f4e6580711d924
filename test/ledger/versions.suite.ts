import { expect, test } from 'vitest';
import type { RunVersion } from '../../src/contracts/run-state.ts';
import { freshLedger } from '../support/fresh-ledger.ts';

const at = '2026-11-20T10:00:00.000Z';
const planned: RunVersion = {
  version: 1,
  at,
  what: 'completed',
  phase: 'plan',
  results: { plan: { value: { summary: 'planned' }, checkpoint: 'aa' } },
  facts: { checkpoint: 'aa' },
};
const back: RunVersion = { version: 10, at, what: 'rolled_back', to: 1, by: 'ada', results: { implement: null } };

test('versions of a run are kept whole, in their order, however often they are recorded', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  await ledger.recordVersions('0123abcd', [back]);
  await ledger.recordVersions('0123abcd', [planned, back]);
  await ledger.recordVersions('other000', [planned]);
  expect(await ledger.listVersions('0123abcd')).toEqual([planned, back]);
  expect(await ledger.listVersions('nobody00')).toEqual([]);
});
