import { createBaseline } from '../baseline.ts';
import { quantile, timed } from '../measure.ts';
import type { Bench, Row } from '../measure.ts';
import { happyScript } from '../script.ts';
import { createSubject } from '../subject.ts';

const SLEEP_MS = 60_000;

/** What Belay adds where agents take as long as agents take. */
export const sleeping: Bench = async ({ folder, full }) => {
  const atOnce = full ? 64 : 16;
  await using subject = await createSubject({ folder, files: 100, slots: atOnce, script: happyScript({ sleepMs: SLEEP_MS }) });
  const baseline = await createBaseline({ folder, ...subject });
  await baseline.run('warm');
  await subject.run('warm');
  const each = (one: (name: string) => Promise<unknown>) =>
    Promise.all(Array.from({ length: atOnce }, (_, at) => timed(() => one(`${at}`))));
  const baselineMs = await each((name) => baseline.run(name));
  const subjectMs = await each((name) => subject.run(`Sleep, ${name}`));
  const at = (share: number, atMost: number): Row => {
    const [bare, ours] = [quantile(baselineMs, share), quantile(subjectMs, share)];
    const more = (ours / bare - 1) * 100;
    return {
      measure: `${atOnce} at once that sleep 60 s, p${share * 100}`,
      against: 'the same script, as many at once',
      baseline: `${(bare / 1000).toFixed(2)} s`,
      subject: `${(ours / 1000).toFixed(2)} s`,
      result: `${more >= 0 ? '+' : ''}${more.toFixed(2)} %`,
      range: '',
      goal: `≤ +${atMost} %`,
      met: more <= atMost,
    };
  };
  return [at(0.5, 0.5), at(0.99, 2)];
};
