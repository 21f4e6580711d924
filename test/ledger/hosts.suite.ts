import { expect, test } from 'vitest';
import type { HostRecord } from '../../src/contracts/records.ts';
import { freshLedger } from '../support/fresh-ledger.ts';

const memory = { usedBytes: 5_000_000_000, totalBytes: 25_000_000_000 };
const box: HostRecord = {
  id: 'h1',
  name: 'box',
  at: '2026-11-20T10:00:00.000Z',
  slots: 4,
  held: 4,
  runs: ['0123abcd'],
  obstacle: 'all taken',
  memory,
};
const attic: HostRecord = { id: 'h2', name: 'attic', at: '2026-11-20T10:00:01.000Z', slots: 2, held: 0, runs: [], memory };

test('hosts are known as they said last how they stand', async () => {
  await using fresh = await freshLedger();
  const { ledger } = fresh;
  expect(await ledger.listHosts()).toEqual([]);
  for (const host of [box, attic]) await ledger.recordHost(host);
  expect(await ledger.listHosts()).toEqual([attic, box]);
  const { obstacle: _none, ...free } = { ...box, at: '2026-11-20T10:00:09.000Z', held: 1 };
  await ledger.recordHost(free);
  expect(await ledger.listHosts()).toEqual([attic, free]);
  await ledger.forgetHost(attic.id);
  expect(await ledger.listHosts()).toEqual([free]);
});
