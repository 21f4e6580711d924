/**
 * A worker as `belay worker` starts it, but for what the campaign leaves out of it. Arguments: `--isolation reaper|namespace`,
 * `--without reaper|fence`. With one left out the campaign must find fault: that is how we know that it would.
 */
import { parseArgs } from 'node:util';
import type { IsolationName } from '../src/process/isolation.ts';
import { createProcessTrees } from '../src/process/process-trees.ts';
import { runWorker } from '../src/worker.ts';
import type { WorkerParts } from '../src/worker.ts';
import { seenProcesses } from './oracles/processes.ts';

const { values } = parseArgs({ options: { isolation: { type: 'string' }, without: { type: 'string' } } });

const isolated = (isolation: IsolationName): Partial<WorkerParts> => ({
  openProcesses: (options) => createProcessTrees({ ...options, isolation }),
});

/** Nothing ends the agents of a worker that is killed: neither the kernel, nor a reaper, nor the next worker. */
const withoutReaper: Partial<WorkerParts> = {
  reap: async () => {},
  async openProcesses(options) {
    const trees = await createProcessTrees({ ...options, isolation: 'reaper' });
    for (const { pid, ppid, argv } of seenProcesses())
      if (ppid === process.pid && argv[1]?.includes('/process/reaper.')) process.kill(pid, 'SIGKILL');
    return trees;
  },
};

const isolation = values.isolation as IsolationName | undefined;
await runWorker(process.env, {
  ...(isolation ? isolated(isolation) : {}),
  ...(values.without === 'reaper' ? withoutReaper : {}),
});
