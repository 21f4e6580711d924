import proto from '@temporalio/proto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectTemporal, localTarget } from '../../src/temporal/connection.ts';
import type { TemporalConnection } from '../../src/temporal/connection.ts';
import { startDevServer } from '../../src/temporal/dev-server.ts';
import { failLostCalls } from '../../src/upkeep/lost-calls.ts';
import { activityHost } from '../support/activity-host.ts';
import { exampleRun } from '../support/example-run.ts';
import { temporalCli } from '../support/temporal-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const { COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK } = proto.temporal.api.enums.v1.CommandType;
const { PENDING_ACTIVITY_STATE_STARTED: STARTED } = proto.temporal.api.enums.v1.PendingActivityState;
const NAMESPACE = 'default';
/** A poll says how long it waits. */
const POLL_MS = 60_000;
const HOUR = proto.google.protobuf.Duration.fromObject({ seconds: 3600 });

const stack = new AsyncDisposableStack();
let temporal: TemporalConnection;
beforeAll(async () => {
  const { path } = stack.use(await temporaryDirectory());
  const server = stack.use(await startDevServer({ cli: await temporalCli(), home: path }));
  temporal = stack.use(await connectTemporal({ target: localTarget(server.address) }));
});
afterAll(() => stack.disposeAsync());

/** A run whose one call Temporal gave to a worker of this name, which has gone without ever looking at it. */
const lostBy = (identity: string, workflowId: string): Promise<void> =>
  temporal.client.withDeadline(new Date(Date.now() + POLL_MS), () => beginAndLose(identity, workflowId));

async function beginAndLose(identity: string, workflowId: string): Promise<void> {
  const { workflowService, workflow } = temporal.client;
  const taskQueue = { name: workflowId };
  await workflow.start('sdlc', { taskQueue: workflowId, workflowId });
  const { taskToken } = await workflowService.pollWorkflowTaskQueue({ namespace: NAMESPACE, taskQueue, identity });
  const call = { activityId: '1', activityType: { name: 'commentProgress' }, taskQueue, startToCloseTimeout: HOUR };
  await workflowService.respondWorkflowTaskCompleted({
    namespace: NAMESPACE,
    taskToken,
    commands: [{ commandType: COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK, scheduleActivityTaskCommandAttributes: call }],
  });
  await workflowService.pollActivityTaskQueue({ namespace: NAMESPACE, taskQueue, identity });
}

async function callOf(workflowId: string) {
  const { raw } = await temporal.client.workflow.getHandle(workflowId).describe();
  return raw.pendingActivities?.[0];
}

it('what Temporal gave to the worker before this one, and never arrived, is given again; other calls are left alone', async () => {
  await using host = await activityHost();
  const { ledger, host: own } = host.deps;
  const runs = {
    'local:acme/shop#1': { identity: `${own.id}@0`, status: 'waiting' },
    'local:acme/shop#2': { identity: own.identity, status: 'running' },
    'local:acme/shop#3': { identity: 'another@0', status: 'running' },
    'local:acme/shop#4': { identity: `${own.id}@0`, status: 'completed' },
    // A worker at work in a copy of the home.
    'local:acme/shop#5': { identity: `${own.id}@clone`, status: 'running' },
  } as const;
  let number = 0;
  for (const [workflowId, { identity, status }] of Object.entries(runs)) {
    await ledger.recordRun(exampleRun({ id: `lost000${++number}`, workflowId, status }));
    await lostBy(identity, workflowId);
    expect(await callOf(workflowId)).toMatchObject({ state: STARTED, attempt: 1, lastWorkerIdentity: identity });
  }
  // Of which Temporal knows nothing.
  await ledger.recordRun(exampleRun({ id: 'lost0009', workflowId: 'local:acme/shop#9', status: 'running' }));

  const deps = { client: temporal.client, ledger, host: own };
  expect(await failLostCalls(deps, AbortSignal.abort())).toBe(0);
  expect(await failLostCalls(deps, new AbortController().signal)).toBe(1);
  expect(await callOf('local:acme/shop#1')).toMatchObject({
    attempt: 2,
    lastFailure: { applicationFailureInfo: { type: 'WorkerRestarted' } },
  });
  for (const untouched of Object.keys(runs).slice(1)) expect(await callOf(untouched)).toMatchObject({ state: STARTED, attempt: 1 });
});
