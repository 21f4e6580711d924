import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createBaseline } from '../baseline.ts';
import { interleaved, ratioRow, timed } from '../measure.ts';
import type { Bench, Row } from '../measure.ts';
import { createSubject } from '../subject.ts';

const SIZES = [
  { files: 100, atMost: 2 },
  { files: 5000, atMost: 1.15 },
];

/** One request from start to pull request, with an agent that answers at once. */
export const happy: Bench = async ({ folder, pairs }) => {
  const rows: Row[] = [];
  for (const { files, atMost } of SIZES) {
    const place = join(folder, String(files));
    await mkdir(place);
    await using subject = await createSubject({ folder: place, files, slots: 4 });
    const baseline = await createBaseline({ folder: place, ...subject });
    const measure = `one happy sdlc, ${files} files`;
    const measured = await interleaved({
      name: measure,
      count: pairs,
      baseline: (round) => timed(() => baseline.run(`one-${round}`)),
      subject: (round) => timed(() => subject.run(`Add a line, round ${round}`)),
    });
    rows.push(ratioRow({ measure, against: 'a bare script', atMost, ...measured }));
  }
  return rows;
};
