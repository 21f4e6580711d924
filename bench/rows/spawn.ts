import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IsolationName } from '../../src/process/isolation.ts';
import { createProcessTrees } from '../../src/process/process-trees.ts';
import { interleaved, ratioRow, timed } from '../measure.ts';
import type { Bench, Row } from '../measure.ts';

const STARTS = 20;
const KINDS: { isolation: IsolationName; what: string; atMost: number }[] = [
  { isolation: 'reaper', what: 'without a namespace', atMost: 2 },
  { isolation: 'namespace', what: 'in a PID namespace', atMost: Number.POSITIVE_INFINITY },
];

/** A process whose whole tree is known to end. */
export const spawnBench: Bench = async ({ folder, pairs }) => {
  const rows: Row[] = [];
  for (const { isolation, what, atMost } of KINDS) {
    const processes = await createProcessTrees({ bootId: 'bench', isolation });
    const measure = `engine spawn ${what} (${STARTS} in a row)`;
    const many = (one: () => Promise<unknown>) =>
      timed(async () => {
        for (let start = 0; start < STARTS; start++) await one();
      });
    const measured = await interleaved({
      name: measure,
      count: pairs,
      baseline: () => many(() => once(spawn('/bin/true', [], { cwd: folder, env: {}, stdio: ['ignore', 'pipe', 'pipe'] }), 'close')),
      subject: () => many(() => processes.run({ file: '/bin/true', args: [], cwd: folder, env: {} })),
    });
    rows.push(ratioRow({ measure, against: 'raw spawn', atMost, ...measured }));
    await processes[Symbol.asyncDispose]();
  }
  return rows;
};
