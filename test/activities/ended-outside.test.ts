import { expect, test } from 'vitest';
import { settleEnded } from '../../src/activities/ended-outside.ts';
import { activityHost } from '../support/activity-host.ts';
import { exampleRun } from '../support/example-run.ts';

test('a run whose place another has is over; one that is about to take a place is not', async () => {
  await using host = await activityHost();
  const { ledger } = host.deps;
  // The newest execution of this workflow id is another run's: it names none of these.
  const known = exampleRun({ version: 7 });
  await ledger.recordRun(known);
  const { workflowId, pipeline, repository, triggeredBy } = known;
  const reserved = await ledger.reserveRun({ workflowId, pipeline, repository, triggeredBy, createdAt: new Date().toISOString() });
  for (const id of [known.id, reserved]) await settleEnded(host.deps, id);
  expect(await ledger.getRun(known.id)).toMatchObject({ status: 'failed', errors: [{ code: 'run_terminated' }] });
  expect(await ledger.getRun(reserved)).toMatchObject({ status: 'pending', errors: [] });
});
