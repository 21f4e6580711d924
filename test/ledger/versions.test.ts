import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunVersion } from '../../src/contracts/run-state.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

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
  await using folder = await temporaryDirectory();
  await using ledger = await openLedger({ path: join(folder.path, 'ledger.db') });
  await ledger.recordVersions('0123abcd', [back]);
  await ledger.recordVersions('0123abcd', [planned, back]);
  await ledger.recordVersions('other000', [planned]);
  expect(await ledger.listVersions('0123abcd')).toEqual([planned, back]);
  expect(await ledger.listVersions('nobody00')).toEqual([]);
});
