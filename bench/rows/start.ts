import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { interleaved, ratioRow, timed } from '../measure.ts';
import type { Bench, Row } from '../measure.ts';

const execute = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');

/** The command line, as the package ships it and as a checkout runs it. */
export const start: Bench = async ({ folder, pairs }) => {
  await execute(process.execPath, ['scripts/build.ts'], { cwd: ROOT });
  const env = { PATH: process.env['PATH'], HOME: folder, BELAY_HOME: join(folder, 'home') };
  const rows: Row[] = [];
  for (const [place, cli] of Object.entries({ 'the package': 'dist/cli.js', 'a checkout': 'src/cli.ts' })) {
    for (const args of [['--version'], ['list']]) {
      const measure = `\`belay ${args.join(' ')}\` of ${place}`;
      const measured = await interleaved({
        name: measure,
        count: pairs,
        baseline: () => timed(() => execute(process.execPath, ['-e', '0'], { env })),
        subject: () => timed(() => execute(process.execPath, [join(ROOT, cli), ...args], { env })),
      });
      rows.push(ratioRow({ measure, against: '`node -e 0`', atMost: 3, ...measured }));
    }
  }
  return rows;
};
