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

test('a run that waits says why and until when, and what a person can do sooner', () => {
  const waiting = {
    status: 'waiting' as const,
    waitingFor: 'usage_limit' as const,
    waitingUntil: '2026-11-29T22:00:00.000Z',
    waitingMessage: 'claude’s limit\nis reached',
  };
  const said = report(exampleRun(waiting));
  expect(said).toContain('waits         for a usage limit to end until 2026-11-29 22:00:00 UTC: claude’s limit is reached');
  expect(said).toMatch(/belay retry \S+ +tries at once/);
  expect(report(exampleRun({ ...waiting, waitingFor: 'breaker' }))).not.toContain('belay retry');
});
