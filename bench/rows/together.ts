import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createBaseline } from '../baseline.ts';
import { interleaved, median, timed } from '../measure.ts';
import type { Bench, Row } from '../measure.ts';
import { createSubject } from '../subject.ts';

/** Many at once take long, and vary less: fewer pairs. */
const COUNTS = [
  { atOnce: 16, pairs: { short: 3, full: 9 } },
  { atOnce: 64, pairs: { short: 1, full: 3 } },
  { atOnce: 256, pairs: { short: 1, full: 1 } },
];
const AT_LEAST = 0.6;

/** Runs a minute, all begun at once, each with a workspace of its own. */
export const together: Bench = async ({ folder, pairs, full }) => {
  const rows: Row[] = [];
  for (const { atOnce, pairs: enough } of full ? COUNTS : COUNTS.slice(0, 2)) {
    const place = join(folder, String(atOnce));
    await mkdir(place);
    await using subject = await createSubject({ folder: place, files: 100, slots: atOnce });
    const baseline = await createBaseline({ folder: place, ...subject });
    const all = (one: (name: string) => Promise<unknown>) =>
      timed(() => Promise.all(Array.from({ length: atOnce }, (_, at) => one(`${at}`))));
    const measure = `${atOnce} at once, runs a minute`;
    const { baselineMs, subjectMs } = await interleaved({
      name: measure,
      count: Math.min(pairs, full ? enough.full : enough.short),
      cold: atOnce > 16,
      baseline: (round) => all((name) => baseline.run(`many-${round}-${name}`)),
      subject: (round) => all((name) => subject.run(`Add a line, one of many, ${round} ${name}`)),
    });
    const rates = subjectMs.map((ms, index) => (baselineMs[index] ?? Number.NaN) / ms);
    const perMinute = (ms: readonly number[]): string => ((atOnce * 60_000) / median(ms)).toFixed(0);
    rows.push({
      measure,
      against: 'the same script, as many at once',
      baseline: perMinute(baselineMs),
      subject: perMinute(subjectMs),
      result: `${median(rates).toFixed(2)}x`,
      range: `${Math.min(...rates).toFixed(2)}–${Math.max(...rates).toFixed(2)}`,
      goal: `≥ ${AT_LEAST}x, no failure`,
      met: median(rates) >= AT_LEAST,
    });
  }
  return rows;
};
