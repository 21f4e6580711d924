import { expect, test } from 'vitest';
import { report } from '../../src/cli/report.ts';
import { exampleRun } from '../support/example-run.ts';

const review = {
  name: 'review' as const,
  status: 'failed' as const,
  attempts: 1,
  sessions: [],
  summary: 'not finished: The reviewer failed twice',
};

test('a run that came to its end says which of its phases did not', () => {
  const done = report(exampleRun({ status: 'completed', outcome: 'pull_request', phases: [review] }));
  expect(done).toContain('  left open     review · not finished: The reviewer failed twice');
  expect(report(exampleRun({ status: 'parked', phases: [review] }))).not.toContain('left open');
});

test('a run that nobody wanted any more says why', () => {
  const view = exampleRun({ status: 'cancelled', summary: 'Issue #1 was closed meanwhile: nothing was published.' });
  expect(report(view)).toContain('  says          Issue #1 was closed meanwhile: nothing was published.');
});
