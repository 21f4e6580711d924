/**
 * A worker as `belay worker` starts it, but for what the campaign leaves out of it. Arguments: `--isolation reaper|namespace`,
 * `--without reaper|fence`. With one left out the campaign must find fault: that is how we know that it would. Where CHAOS_KILL_AT
 * names an effect and a moment of it (`push-branch:after-effect`), it kills itself there.
 */
import { parseArgs } from 'node:util';
import type { AtEffect } from '../src/activities/effects.ts';
import type { Handover } from '../src/activities/handover.ts';
import type { IsolationName } from '../src/process/isolation.ts';
import { createProcessTrees } from '../src/process/process-trees.ts';
import { runWorker } from '../src/worker.ts';
import type { WorkerOptions } from '../src/worker.ts';
import { seenProcesses } from './oracles/processes.ts';

const { values } = parseArgs({ options: { isolation: { type: 'string' }, without: { type: 'string' } } });

const isolated = (isolation: IsolationName): WorkerOptions => ({
  openProcesses: (options) => createProcessTrees({ ...options, isolation }),
});

/** Nothing ends the agents of a worker that is killed: neither the kernel, nor a reaper, nor the next worker. */
const withoutReaper: WorkerOptions = {
  reap: async () => {},
  async openProcesses(options) {
    const trees = await createProcessTrees({ ...options, isolation: 'reaper' });
    for (const { pid, ppid, argv } of seenProcesses())
      if (ppid === process.pid && argv[1]?.includes('/process/reaper.')) process.kill(pid, 'SIGKILL');
    return trees;
  },
};

/** A host that has lost a run goes on writing. */
const withoutFence: WorkerOptions = {
  adapt: (deps) => ({
    ...deps,
    holdings: {
      ...deps.holdings,
      add: ({ handover, ...holding }) => deps.holdings.add({ ...holding, ...(handover ? { handover: unfenced(handover) } : {}) }),
    },
  }),
};

const unfenced = (handover: Handover): Handover => ({
  keep: (signal) => handover.keep(signal),
  alongside: (_, push) => push([]),
  assertCurrent: async () => {},
});

const [effect, moment] = (process.env['CHAOS_KILL_AT'] ?? '').split(':');
const dying: AtEffect = async (at) => {
  if (at.effect === effect && at.moment === moment) process.kill(process.pid, 'SIGKILL');
};

const isolation = values.isolation as IsolationName | undefined;
await runWorker(process.env, {
  ...(isolation ? isolated(isolation) : {}),
  ...(values.without === 'reaper' ? withoutReaper : {}),
  ...(values.without === 'fence' ? withoutFence : {}),
  ...(effect ? { atEffect: dying } : {}),
});
