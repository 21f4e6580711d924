import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { interleaved, ratioRow, timed } from '../measure.ts';
import type { Bench, Row } from '../measure.ts';

const execute = promisify(execFile);
const CLI = join(import.meta.dirname, '../../src/cli.ts');

/** The command line, as a checkout runs it. */
export const start: Bench = async ({ folder, pairs }) => {
  const rows: Row[] = [];
  const env = { PATH: process.env['PATH'], HOME: folder, BELAY_HOME: join(folder, 'home') };
  for (const args of [['--version'], ['list']]) {
    const measure = `\`belay ${args.join(' ')}\``;
    const measured = await interleaved({
      name: measure,
      count: pairs,
      baseline: () => timed(() => execute(process.execPath, ['-e', '0'], { env })),
      subject: () => timed(() => execute(process.execPath, [CLI, ...args], { env })),
    });
    rows.push(ratioRow({ measure, against: '`node -e 0`', atMost: 3, ...measured }));
  }
  return rows;
};
