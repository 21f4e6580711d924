import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hardenedGit } from '../../src/git/hardened-git.ts';
import { median, timed } from '../measure.ts';
import type { Bench, Row } from '../measure.ts';
import { createSubject } from '../subject.ts';
import type { Subject } from '../subject.ts';

const AT_MOST = 1.1;
const EARLIER = { full: 1000, short: 60 };

/** The same run after many earlier ones: how long it takes, and what they have left behind. */
export const repeated: Bench = async ({ folder, pairs, full }) => {
  const earlier = full ? EARLIER.full : EARLIER.short;
  await using subject = await createSubject({ folder, files: 100, slots: 4 });
  const several = async (): Promise<number[]> => {
    const took: number[] = [];
    for (let round = 0; round < pairs; round++) took.push(await timed(() => subject.run('Add a line')));
    return took;
  };
  // Warm: code is compiled, the pool has its trees.
  for (let round = 0; round < 5; round++) await subject.run('Warm up');
  const first = await several();
  const before = await leftovers(subject);
  let halfway = Number.NaN;
  for (let round = 0; round < earlier; round += 4) {
    await Promise.all(Array.from({ length: 4 }, (_, at) => subject.run(`An earlier run, ${round + at}`)));
    if (Number.isNaN(halfway) && round + 4 >= earlier / 2) halfway = memoryMb();
  }
  const last = await several();
  const after = await leftovers(subject);
  const grown = memoryMb();
  const ratio = median(last) / median(first);
  return [
    {
      measure: `the same run after ${earlier} earlier ones`,
      against: 'the first',
      baseline: `${median(first).toFixed(0)} ms`,
      subject: `${median(last).toFixed(0)} ms`,
      result: `${ratio.toFixed(2)}x`,
      range: '',
      goal: `≤ ${AT_MOST}x`,
      met: ratio <= AT_MOST,
    },
    ...Object.entries(before).map(([what, count]) => leak(what, count, after[what] ?? Number.NaN)),
    { ...leak('memory in MB', halfway, grown), against: 'after half of them' },
  ];
};

/** As many may wait for being packed, and some more while that goes on. */
const UNPACKED = 110;

/**
 * Compared with half of the runs done, not with none: the heap of the workflow sandbox is collected by its own thread when it pleases, and grows
 * to its working size over the first dozens of runs. A leak goes on growing.
 */
function memoryMb(): number {
  globalThis.gc?.();
  return Math.round(process.memoryUsage().rss / 1024 ** 2);
}

/** Whatever should not grow with the number of runs. */
async function leftovers({ home }: Subject): Promise<Record<string, number>> {
  globalThis.gc?.();
  const mirrors = join(home, 'mirrors', 'local');
  const [owner = ''] = await readdir(mirrors);
  const [name = ''] = (await readdir(join(mirrors, owner))).filter((each) => each.endsWith('.git'));
  const gitDir = join(mirrors, owner, name);
  const count = async (path: string): Promise<number> => (await readdir(path).catch(() => [])).length;
  const branches = await hardenedGit({ cwd: gitDir, gitDir }).run(['for-each-ref', '--format=%(refname)', 'refs/heads/']);
  return {
    'trees left': await count(join(home, 'trees')),
    'worktrees registered': await count(join(gitDir, 'worktrees')),
    'branches of the mirror': branches.split('\n').filter((line) => line !== '').length,
    'notes of attempts': await count(join(home, 'attempts')),
    'open descriptors': await count('/proc/self/fd'),
    'runs unpacked in the mirror, beyond the limit': Math.max(0, (await count(join(gitDir, 'refs', 'belay'))) - UNPACKED),
  };
}

/** A few descriptors and some memory come and go. */
const SLACK: Record<string, number> = { 'open descriptors': 10, 'memory in MB': 50 };

function leak(what: string, before: number, after: number): Row {
  const slack = SLACK[what] ?? 0;
  return {
    measure: `… ${what}`,
    against: 'before them',
    baseline: String(before),
    subject: String(after),
    result: `${after - before >= 0 ? '+' : ''}${after - before}`,
    range: '',
    goal: slack === 0 ? 'the same' : `≤ +${slack}`,
    met: after - before <= slack,
  };
}
