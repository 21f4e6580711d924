import type { Client } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { earlierRuns, viewOfRun } from '../../src/activities/run-view.ts';
import type { Dependencies } from '../../src/activities/dependencies.ts';
import type { RunView } from '../../src/contracts/run-view.ts';
import { activityHost, leaseOf } from '../support/activity-host.ts';
import type { ActivityHost } from '../support/activity-host.ts';
import { exampleRun } from '../support/example-run.ts';

const { runId, workflowId } = leaseOf(1);
const viewAt = (version: number): RunView => exampleRun({ id: runId, workflowId, version });

/** A host whose runs answer so when they are asked how they stand. */
const answering = ({ deps }: ActivityHost, query: () => Promise<RunView>): Dependencies => ({
  ...deps,
  client: { workflow: { getHandle: () => ({ query }) } } as unknown as Client,
});

const seen = (deps: Dependencies, viewVersion?: number): Promise<RunView> =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(() =>
    viewOfRun(deps, { runId, viewVersion }),
  ) as Promise<RunView>;

test('a host that knows less than the run has told asks the run, and knows it from then on', async () => {
  await using host = await activityHost();
  const deps = answering(host, async () => viewAt(9));
  expect(await seen(deps, 5)).toMatchObject({ version: 9 });
  expect(await deps.ledger.getRun(runId)).toMatchObject({ version: 9 });
});

test('who knows enough asks nobody, and who gets no answer goes by what it knows', async () => {
  await using host = await activityHost();
  const deps = answering(host, () => Promise.reject(new Error('nobody answers')));
  await expect(seen(deps, 5)).rejects.toThrow('nobody answers');
  await deps.ledger.recordRun(viewAt(3));
  expect(await seen(deps, 3)).toMatchObject({ version: 3 });
  expect(await seen(deps, 5)).toMatchObject({ version: 3 });
});

test('runs before it that only another host knows are left out', async () => {
  await using host = await activityHost();
  const { deps } = host;
  const before = exampleRun({ id: 'aaaabbbb', workflowId, continues: 'ccccdddd' });
  await deps.ledger.recordRun(before);
  expect(await earlierRuns(deps, exampleRun({ id: runId, continues: 'aaaabbbb' }))).toEqual([before]);
});
