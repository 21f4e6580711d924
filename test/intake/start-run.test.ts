import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '@temporalio/client';
import { openContext } from '../../src/cli/context.ts';
import type { Context } from '../../src/cli/context.ts';
import { intakeOf } from '../../src/compose-intake.ts';
import { takeOrder } from '../../src/intake/order.ts';
import type { Order } from '../../src/intake/order.ts';
import { reserveRun, startReserved, workflowIdOf } from '../../src/intake/start-run.ts';
import { begin } from '../../src/orders/retry.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { connectTemporal, localTarget } from '../../src/temporal/connection.ts';
import type { TemporalTarget } from '../../src/temporal/connection.ts';
import { startDevServer } from '../../src/temporal/dev-server.ts';
import { installLogger, startWorker } from '../../src/worker.ts';
import { openProject } from '../support/belay-project.ts';
import { eventually } from '../support/eventually.ts';
import { exampleRun } from '../support/example-run.ts';
import { userProject } from '../support/project.ts';
import { temporalCli } from '../support/temporal-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const NAMESPACE = 'bare';
const resources = new AsyncDisposableStack();
let folder: string;
let context: Context;
let target: TemporalTarget;
let client: Client;

/** A namespace that knows none of Belay's search attributes, as one on Temporal Cloud, and no worker. */
beforeAll(async () => {
  folder = resources.use(await temporaryDirectory()).path;
  const env = { ...process.env, BELAY_HOME: join(folder, 'home'), BELAY_ENGINE: 'scripted' };
  const nothing = (): void => {};
  context = resources.use(await openContext({ env, terminal: { live: false, piped: true, out: nothing, note: nothing, exact: nothing } }));
  const server = resources.use(await startDevServer({ cli: await temporalCli(), home: context.config.home }));
  await using temporal = await connectTemporal({ target: localTarget(server.address) });
  await temporal.connection.workflowService.registerNamespace({
    namespace: NAMESPACE,
    workflowExecutionRetentionPeriod: { seconds: (24 * 60 * 60) as never },
  });
  target = localTarget(server.address, NAMESPACE);
  ({ client } = await eventually(async () => {
    const connected = await connectTemporal({ target });
    await connected.client.workflow.count();
    return resources.use(connected);
  }));
});
afterAll(() => resources.disposeAsync());

describe('a Temporal service without Belay’s search attributes', () => {
  it('runs without them, to the pull request', async () => {
    const project = await openProject({ ...context, client }, join(folder, 'project'), {});
    const run = await project.run();
    installLogger(createLog({ level: 'silent' }));
    // It registers the attributes now: the run keeps away from them all the same.
    await using _worker = await startWorker({ config: context.config, env: context.env, target, log: createLog({ level: 'silent' }) });
    expect(await run.closed()).toMatchObject({ status: 'completed', outcome: 'pull_request' });
    const { typedSearchAttributes } = await client.workflow.getHandle(run.workflowId).describe();
    expect(typedSearchAttributes.getAll().filter(({ key }) => key.name.startsWith('Belay'))).toEqual([]);
  });
});

/** What Ada asks for in a project of this name. */
async function orderIn(name: string): Promise<Order> {
  const project = await userProject(folder, { name });
  return takeOrder(intakeOf(context), {
    target: { kind: 'request', text: 'Do it' },
    repository: project.path,
    workingDirectory: folder,
    fresh: false,
    requested: {},
    triggeredBy: 'ada',
  });
}

/** A connection to Temporal whose answers can be lost. */
async function lossy(): Promise<{ target: TemporalTarget; lose: () => void } & AsyncDisposable> {
  const [host = '', port = ''] = target.address.split(':');
  let isLost = false;
  const server = createServer((near) => {
    const far = connect(Number(port), host);
    near.pipe(far);
    far.on('data', (chunk: Buffer) => !isLost && near.write(chunk));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    target: localTarget(address, NAMESPACE),
    lose: () => void (isLost = true),
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

describe('a Temporal service whose answer is lost', () => {
  it('leaves the id of the run to whoever starts it again, which finds it begun', async () => {
    await using line = await lossy();
    await using far = await connectTemporal({ target: line.target });
    const order = await orderIn('lost');
    const id = await reserveRun(context, order);
    await far.client.workflow.count();
    line.lose();
    const start = far.client.withDeadline(Date.now() + 1000, () => startReserved({ ...context, client: far.client }, order, id));
    await expect(start).rejects.toMatchObject({ code: 'temporal_unreachable', message: expect.stringContaining('did not say') as string });
    expect(await context.ledger.getRun(id)).toMatchObject({ id, status: 'pending' });
    expect(await startReserved({ ...context, client }, order, id)).toMatchObject({ runId: id, joined: false });
    expect(await context.ledger.getRun(id)).toMatchObject({ id, status: 'pending' });
    await client.workflow.getHandle(workflowIdOf(order.input, id)).terminate();
  });
});

describe('a run in the place of a closed one', () => {
  const placed = async (name: string) => {
    const intake = intakeOf(context);
    const taken = await orderIn(name);
    const order = { ...taken, input: { ...taken.input, issue: { tracker: 'local' as const, key: '7', title: 'Do it', url: 'file:7' } } };
    const workflowId = workflowIdOf(order.input, '');
    const run = exampleRun({ workflowId, status: 'failed' });
    const occupy = (memo: Record<string, string>) => client.workflow.start('sdlc', { taskQueue: 'nobody', workflowId, memo });
    return { occupy, workflowId, begun: () => begin({ client, ledger: context.ledger, run, intake }, order), run };
  };

  it('begins once Temporal has closed that one', async () => {
    const { occupy, begun, run, workflowId } = await placed('closing');
    const before = await occupy({ runId: run.id });
    const next = begun();
    await sleep(200);
    await before.terminate();
    const { runId, ...went } = await next;
    expect(went).toMatchObject({ how: 'begun', joined: false, workflowId });
    expect(runId).not.toBe(run.id);
    await client.workflow.getHandle(workflowId).terminate();
  });

  it('does not wait for what Belay has not started, and joins what it has', async () => {
    const { occupy, begun, workflowId } = await placed('occupied');
    const foreign = await occupy({});
    await expect(begun()).rejects.toMatchObject({ code: 'wrong_state', message: expect.stringContaining(workflowId) as string });
    await foreign.terminate();
    const other = await occupy({ runId: 'another1' });
    expect(await begun()).toMatchObject({ joined: true, runId: 'another1' });
    await other.terminate();
  });
});

describe('a Temporal service that does not start a run', () => {
  it('is named with its reason, and no run is kept', async () => {
    const elsewhere = await connectTemporal({ target });
    const project = await openProject({ ...context, client: elsewhere.client }, join(folder, 'other'), {});
    const before = await context.ledger.listRuns();
    await elsewhere[Symbol.asyncDispose]();
    await expect(project.run()).rejects.toMatchObject({
      code: 'temporal_unreachable',
      message: expect.stringContaining('Temporal did not start the run: ') as string,
    });
    expect(await context.ledger.listRuns()).toEqual(before);
  });
});
