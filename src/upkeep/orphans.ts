import { join } from 'node:path';
import { tryLock } from '../process/exclusive-lock.ts';
import { BOOT_MARK, endMarked, markedProcesses } from '../process/process-table.ts';
import { readIfThere } from '../process/read-if-there.ts';
import type { Finding } from './finding.ts';

/** What the last worker of this home left running, where none is at work now. The next worker ends it too, before anything else. */
export async function findOrphans({ home }: { home: string }): Promise<Finding[]> {
  const boot = await bootWithoutWorker(home);
  if (boot === undefined) return [];
  const mark = `${BOOT_MARK}=${boot}`;
  return (await markedProcesses(mark)).map((pid) => ({
    words: `process ${pid}, which a worker that is gone has left`,
    async remove() {
      // All at once: they may have started others meanwhile. A worker that has started since has another boot.
      if ((await bootWithoutWorker(home)) === boot) await endMarked(mark);
    },
  }));
}

async function bootWithoutWorker(home: string): Promise<string | undefined> {
  const boot = (await readIfThere(join(home, 'boot')))?.trim();
  if (!boot) return undefined;
  using lock = tryLock(join(home, 'worker.lock'));
  return lock ? boot : undefined;
}
