import { afterAll, beforeAll, expect, it } from 'vitest';
import { APPROVE_UPDATE } from '../../src/contracts/constants.ts';
import { eventually } from '../support/eventually.ts';
import { startBelay } from '../support/belay.ts';
import type { Belay } from '../support/belay.ts';

const DEPLOYMENT = 'belay';
let belay: Belay;
beforeAll(async () => {
  belay = await startBelay({ BELAY_DEPLOYMENT: DEPLOYMENT, BELAY_BUILD_ID: 'old' });
});
afterAll(() => belay[Symbol.asyncDispose]());

/** As `temporal worker deployment set-current-version` does, once its worker has said that it is there. */
const makeCurrent = (buildId: string): Promise<void> =>
  eventually(async () => {
    await belay.client.workflowService.setWorkerDeploymentCurrentVersion({ namespace: 'default', deploymentName: DEPLOYMENT, buildId });
  });

it('a run that waits under one version of the worker goes on under the next, once that is the current one', async () => {
  await makeCurrent('old');
  const run = await (await belay.project()).run({ pipeline: 'planBuild', approve: ['plan'] });
  await run.until(({ approval }) => approval !== undefined);
  const handle = belay.client.workflow.getHandle(run.workflowId);
  const version = async (): Promise<unknown> =>
    (await handle.describe()).raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId;
  expect(await version()).toBe('old');

  await belay.stopWorker();
  await belay.startWorker({ BELAY_BUILD_ID: 'new' });
  await makeCurrent('new');
  await handle.executeUpdate(APPROVE_UPDATE, { args: [{}] });
  expect(await run.closed()).toMatchObject({ status: 'completed' });
  expect(await version()).toBe('new');
});
