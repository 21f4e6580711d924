import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openWaitingFiles } from '../../src/run-files/store/waiting-files.ts';
import { exampleArtifact } from '../support/example-records.ts';
import { canMount, smallDisk } from '../support/small-disk.ts';

test.skipIf(!canMount())('a full disk is named by what cannot be noted, and the next note is taken when there is space again', async () => {
  await using disk = await smallDisk({ megabytes: 2 });
  using waiting = openWaitingFiles(join(disk.path, 'unsent.db'));
  waiting.put(exampleArtifact);
  await disk.fill();
  const fill = (): void => {
    for (let count = 0; count < 10_000; count++) waiting.put(exampleArtifact);
  };
  expect(fill).toThrow(expect.objectContaining({ code: 'disk_full' }));
  disk.free();
  waiting.remove('0000aaaa');
  const [first, ...others] = waiting.next(0, 20_000);
  expect(first).toMatchObject({ runId: exampleArtifact.runId, put: exampleArtifact });
  expect(others.at(-1)).toMatchObject({ runId: '0000aaaa', remove: true });
});
