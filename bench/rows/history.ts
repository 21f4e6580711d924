import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench, Row } from '../measure.ts';
import { happyScript, loopingScript } from '../script.ts';
import { createSubject } from '../subject.ts';
import type { History } from '../subject.ts';

/** Steps of a happy run that are activities in any implementation: 8 turns, issue, checks, push, pull request, lease. */
const ACTIVITIES = { happy: 12, issue: 15, loops: 30 };

/** What Temporal keeps of a run. */
export const history: Bench = async ({ folder }) => {
  const of = async (name: string, script: string, { fails = false, asIssue = false } = {}): Promise<History> => {
    const place = join(folder, name);
    await mkdir(place);
    await using subject = await createSubject({
      folder: place,
      files: 100,
      slots: 2,
      script,
      // What is listed differs each time: a failure that is always the same is given up sooner.
      ...(fails ? { test: 'test ! -e broken.txt || { ls; exit 1; }' } : {}),
    });
    return await subject.run('Add a line', { asIssue });
  };
  const happy = await of('happy', happyScript());
  const issue = await of('issue', happyScript(), { asIssue: true });
  const loops = await of('loops', loopingScript(), { fails: true });
  const loud = await of('loud', happyScript({ lines: 20_000, sayBytes: 500_000 }));
  return [
    row('history of a happy run', happy, ACTIVITIES.happy, { events: 110, bytes: 30 * 1024 }),
    row('… with an issue, which is told how it goes', issue, ACTIVITIES.issue, { events: 110, bytes: 30 * 1024 }),
    row('… with 4 test and 3 review loops', loops, ACTIVITIES.loops, { events: 300, bytes: 80 * 1024 }),
    row('… with 20,000 lines and 0.5 MB of answer', loud, ACTIVITIES.happy, { events: happy.events + 6, bytes: happy.bytes + 8 * 1024 }),
  ];
};

function row(measure: string, { events, bytes }: History, activities: number, goal: History): Row {
  const size = (count: number): string => `${(count / 1024).toFixed(1)} KiB`;
  return {
    measure,
    against: '6 events an activity',
    baseline: `${activities * 6} events`,
    subject: `${events} events`,
    result: size(bytes),
    range: '',
    goal: `≤ ${goal.events} events, ${size(goal.bytes)}`,
    met: events <= goal.events && bytes <= goal.bytes,
  };
}
