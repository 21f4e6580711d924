import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { BOOT_MARK, markedProcesses } from '../../src/process/process-table.ts';
import { reapBoot } from '../../src/process/process-trees.ts';
import { availableIsolations } from '../support/isolations.ts';

const doomedWorker = new URL('../support/doomed-worker.ts', import.meta.url).pathname;

describe.each(await availableIsolations())('a worker with a %s', (isolation) => {
  it.each(['this process', 'helper'])('takes its trees along when it is killed with SIGKILL, started by %s', async (by) => {
    const bootId = randomUUID();
    const mark = `TREE_UNDER_TEST=${bootId}`;
    const worker = spawn(process.execPath, [doomedWorker, bootId, isolation, mark, by], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(worker.stdout, 'data');
    expect((await markedProcesses(mark)).length).toBeGreaterThanOrEqual(3);
    worker.kill('SIGKILL');
    await expect.poll(() => markedProcesses(mark), { timeout: 20_000 }).toEqual([]);
  });
});

describe('reapBoot', () => {
  it('kills what an earlier boot left, in any session, and counts it', async () => {
    const bootId = randomUUID();
    const left = spawn('sh', ['-c', 'setsid sh -c "echo ready; exec sleep 300" & wait'], {
      env: { PATH: '/usr/bin:/bin', [BOOT_MARK]: bootId },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    const ended = once(left, 'exit');
    await once(left.stdout, 'data');
    expect(await reapBoot(bootId)).toBeGreaterThanOrEqual(2);
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(await reapBoot(bootId)).toBe(0);
  });

  it('leaves other boots alone', async () => {
    const other = spawn('sleep', ['300'], { env: { PATH: '/usr/bin:/bin', [BOOT_MARK]: `${randomUUID()}-longer` }, stdio: 'ignore' });
    await once(other, 'spawn');
    expect(await reapBoot(randomUUID())).toBe(0);
    expect(other.exitCode ?? other.signalCode).toBeNull();
    const ended = once(other, 'exit');
    other.kill('SIGKILL');
    await ended;
  });
});
