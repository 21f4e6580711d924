import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createMemoryWatch } from '../../src/process/memory-watch.ts';
import { createProcessTrees } from '../../src/process/process-trees.ts';
import { createProcessorShares } from '../../src/process/processor-shares.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

describe.runIf(process.platform === 'linux' && availableParallelism() > 1)('processors of workspaces', () => {
  it('are as many as set, for descendants too, and those that others have least', async () => {
    await using folder = await temporaryDirectory();
    using memory = createMemoryWatch({ hostShare: 1, workspaceBytes: Infinity, host: 'here', onProblem: () => {} });
    const bounds = {
      workspaceOf: (path: string) => path.slice(folder.path.length + 1) || undefined,
      memory,
      processors: createProcessorShares({ processors: 1 }),
    };
    await using trees = await createProcessTrees({ bootId: randomUUID(), isolation: 'reaper', graceMs: 100, bounds });
    const both = Promise.withResolvers<void>();
    let running = 0;
    const start = async (workspace: string): Promise<string> => {
      const cwd = join(folder.path, workspace);
      await mkdir(cwd, { recursive: true });
      const stop = new AbortController();
      const onLine = (): void => {
        if (++running === 2) both.resolve();
      };
      const script = 'setsid sh -c "nproc; grep Cpus_allowed_list /proc/self/status"; sleep 300';
      const env = { PATH: '/usr/bin:/bin' };
      const end = trees.run({ file: '/bin/sh', args: ['-c', script], cwd, env, onLine, signal: stop.signal });
      void both.promise.then(() => stop.abort());
      return (await end).stdoutTail;
    };
    const [one, two] = await Promise.all([start('one'), start('two')]);
    const shown = /^1\nCpus_allowed_list:\t(\d+)\n$/;
    const [ofOne, ofTwo] = [one, two].map((text) => shown.exec(text ?? '')?.[1]);
    expect([one, two]).toEqual([expect.stringMatching(shown), expect.stringMatching(shown)]);
    expect(ofOne).not.toBe(ofTwo);
  });

  it('are all there are where more are set', () => {
    const { args } = createProcessorShares({ processors: 1000 }).take('one', { file: 'true', args: ['x'] });
    expect(args.slice(2)).toEqual(['true', 'x']);
    expect(args[1]?.split(',')).toHaveLength(availableParallelism());
  });
});
