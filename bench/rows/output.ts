import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createScripted } from '../../src/engines/scripted.ts';
import { runTurn } from '../../src/engines/turn.ts';
import { createProcessTrees } from '../../src/process/process-trees.ts';
import { interleaved, ratioRow, timed } from '../measure.ts';
import type { Bench, Row } from '../measure.ts';
import { happyScript } from '../script.ts';

const LINES = 100_000;
const MORE_MB = 20;

/** An agent that says very much: parsed and kept, against read and thrown away. */
export const output: Bench = async ({ folder, pairs }) => {
  const script = join(folder, 'script.yml');
  await writeFile(script, happyScript({ lines: LINES }));
  const engine = createScripted({ script });
  const requestOf = (round: string) => ({
    command: 'implement',
    prompt: 'Talk.',
    cwd: folder,
    permissions: ['read', 'edit', 'run'] as const,
    sessionId: 'talk',
    stateDir: join(folder, round),
  });
  await using processes = await createProcessTrees({ bootId: 'bench' });
  const [bareMemory, ourMemory] = [watchMemory(), watchMemory()];

  async function bare(round: number): Promise<void> {
    const { file, args, stdin } = engine.command(requestOf(`bare-${round}`));
    const child = spawn(file, args, { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] });
    child.stdin?.end(stdin);
    child.stdout?.resume();
    await once(child, 'close');
  }

  async function ours(round: number): Promise<void> {
    await runTurn({
      engine,
      request: requestOf(`ours-${round}`),
      processes,
      env: { PATH: process.env['PATH'] ?? '' },
      limits: { idleMs: 60_000, totalMs: 600_000 },
      transcriptFile: join(folder, `transcript-${round}`),
    });
  }

  const measured = await interleaved({
    name: 'output',
    count: pairs,
    baseline: (round) => bareMemory.during(() => bare(round)),
    subject: (round) => ourMemory.during(() => ours(round)),
  });
  const against = 'spawn and discard';
  return [
    ratioRow({ measure: `agent printing ${LINES} lines`, against, atMost: 1.5, ...measured }),
    memoryRow(against, bareMemory.peakMb(), ourMemory.peakMb()),
  ];
};

/** How much this process grows while something goes on. */
function watchMemory() {
  let peak = 0;
  return {
    async during(work: () => Promise<void>): Promise<number> {
      globalThis.gc?.();
      const before = process.memoryUsage().rss;
      const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss - before)), 5);
      const took = await timed(work);
      clearInterval(timer);
      return took;
    },
    peakMb: () => peak / 1024 ** 2,
  };
}

function memoryRow(against: string, bare: number, ours: number): Row {
  return {
    measure: '… memory at its peak',
    against,
    baseline: `+${bare.toFixed(1)} MB`,
    subject: `+${ours.toFixed(1)} MB`,
    result: `${(ours - bare).toFixed(1)} MB more`,
    range: '',
    goal: `≤ ${MORE_MB} MB more`,
    met: ours - bare <= MORE_MB,
  };
}
