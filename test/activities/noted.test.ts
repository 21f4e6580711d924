import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { orchestratorActivities } from '../../src/activities/index.ts';
import { activityHost, leaseOf } from '../support/activity-host.ts';
import { exampleRun } from '../support/example-run.ts';

test('the comment that a worker writes is noted meanwhile, so that the next worker reports it at once', async () => {
  await using host = await activityHost();
  const { runId, workflowId } = leaseOf(1);
  const { repository, deps } = host;
  await deps.ledger.recordRun(exampleRun({ id: runId, workflowId }));
  const created = await deps.trackers.local.createIssue({ repository, title: 'Totals', body: 'Mend them.' });
  const notes = (): Promise<string[]> => readdir(join(deps.home, 'attempts'));
  const meanwhile: number[] = [];
  const { commentProgress } = orchestratorActivities({ ...deps, atEffect: async () => void meanwhile.push((await notes()).length) });
  await new MockActivityEnvironment().run(commentProgress, { issue: { tracker: 'local' as const, repository, key: created.key }, runId });
  expect(new Set(meanwhile)).toEqual(new Set([1]));
  expect(await notes()).toEqual([]);
});
