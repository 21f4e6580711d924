import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { exampleRun } from '../support/example-run.ts';
import { canMount, smallDisk } from '../support/small-disk.ts';

test.skipIf(!canMount())('a full disk is named by every recording, and none is the worse for it when there is space again', async () => {
  await using disk = await smallDisk({ megabytes: 4 });
  await using ledger = await openLedger({ path: join(disk.path, 'ledger.db') });
  const run = exampleRun({ version: 1 });
  await ledger.recordRun(run);
  await disk.fill();
  const at = run.createdAt;
  const recordings = [
    () => ledger.recordRun({ ...run, version: 2 }),
    () => ledger.recordStep({ runId: run.id, number: 1, name: 'plan', phase: 'plan', status: 'running', attempt: 1, startedAt: at }),
    () => ledger.appendLogs([{ runId: run.id, source: 'a', seq: 1, at, level: 'info', message: 'A line.' }]),
  ];
  for (const recording of recordings) await expect(recording()).rejects.toMatchObject({ code: 'disk_full' });
  disk.free();
  for (const recording of recordings) await recording();
  expect(await ledger.getRun(run.id)).toMatchObject({ version: 2 });
  expect(await ledger.listSteps(run.id)).toHaveLength(1);
  expect(await ledger.readLogs({ runId: run.id })).toHaveLength(1);
});
