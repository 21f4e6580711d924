import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';

const DEPLOYMENT = 'belay';
/** In Temporal's protocol (RoutingConfigUpdateState). */
const IN_PROGRESS = 1;
let belay: Belay;
beforeAll(async () => {
  belay = await startBelay({ BELAY_DEPLOYMENT: DEPLOYMENT, BELAY_BUILD_ID: 'old' });
});
afterAll(() => belay[Symbol.asyncDispose]());

/** As `temporal worker deployment set-current-version` does, and waits until the server's queues know it. */
async function makeCurrent(buildId: string): Promise<void> {
  const { workflowService } = belay.client;
  const deployment = { namespace: 'default', deploymentName: DEPLOYMENT };
  await eventually(async () => void (await workflowService.setWorkerDeploymentCurrentVersion({ ...deployment, buildId })));
  await eventually(async () => {
    const { workerDeploymentInfo } = await workflowService.describeWorkerDeployment(deployment);
    expect(workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId).toBe(buildId);
    expect(workerDeploymentInfo?.routingConfigUpdateState).not.toBe(IN_PROGRESS);
  });
}

it('a run that parked under one version of the worker goes on under the next, once that is the current one', async () => {
  await makeCurrent('old');
  const project = await belay.project({ script: { implement: [{ write: { 'broken.txt': 'yes\n' } }] } });
  const run = await project.run({ pipeline: 'planBuildTest' });
  await run.parked();
  const version = async (): Promise<unknown> =>
    (await belay.client.workflow.getHandle(run.workflowId).describe()).raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion
      ?.buildId;
  expect(await version()).toBe('old');

  await belay.stopWorker();
  await belay.startWorker({ BELAY_BUILD_ID: 'new' });
  await makeCurrent('new');
  await project.script({ 'resolve-failed-test': [{ run: 'rm broken.txt' }] });
  await run.retry();
  expect(await run.closed()).toMatchObject({ status: 'completed' });
  expect(await version()).toBe('new');
});
