import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectTemporal, connectWorker, isReachable, localTarget, temporalTarget } from '../../src/temporal/connection.ts';
import { startDevServer } from '../../src/temporal/dev-server.ts';
import type { DevServer } from '../../src/temporal/dev-server.ts';
import { freePorts } from '../../src/temporal/dev-server-settings.ts';
import { temporalCli } from '../support/temporal-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** No profile file of whoever runs the tests. */
const env = { TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml' };

describe('temporalTarget', () => {
  it('is nothing where nothing is set', () => {
    expect(temporalTarget({ env })).toBeUndefined();
    expect(temporalTarget({ env: { ...env, TEMPORAL_NAMESPACE: 'team' } })).toBeUndefined();
  });

  it("reads Temporal's own variables", () => {
    const own = { ...env, TEMPORAL_ADDRESS: 'temporal.acme.test:7233', TEMPORAL_NAMESPACE: 'team', TEMPORAL_API_KEY: 'key' };
    const target = temporalTarget({ env: own });
    expect(target).toMatchObject({
      address: 'temporal.acme.test:7233',
      namespace: 'team',
      options: { address: 'temporal.acme.test:7233', tls: true },
    });
    expect(target?.apiKey?.()).toBe('key');
  });

  it('takes what is empty for unset, as compose files have it: an empty API key wants no TLS', () => {
    const own = { ...env, TEMPORAL_ADDRESS: 'temporal:7233', TEMPORAL_NAMESPACE: '', TEMPORAL_API_KEY: ' ' };
    expect(temporalTarget({ env: own })).toEqual({ address: 'temporal:7233', namespace: 'default', options: { address: 'temporal:7233' } });
  });

  it("reads Temporal's profiles", async () => {
    await using folder = await temporaryDirectory();
    const file = join(folder.path, 'temporal.toml');
    await writeFile(file, '[profile.staging]\naddress = "staging.test:7233"\nnamespace = "belay"\n');
    const target = temporalTarget({ env: { TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'staging' } });
    expect(target).toMatchObject({ address: 'staging.test:7233', namespace: 'belay' });
  });

  it('lets given settings win, and never sends an API key without TLS', () => {
    const target = temporalTarget({ env: { ...env, TEMPORAL_ADDRESS: 'a:1' }, address: 'b:2', namespace: 'mine', apiKey: () => 'secret' });
    expect(target).toMatchObject({ address: 'b:2', namespace: 'mine', options: { address: 'b:2', tls: true } });
    expect(target?.apiKey?.()).toBe('secret');
  });

  it('says what is wrong with a profile file', async () => {
    await using folder = await temporaryDirectory();
    const file = join(folder.path, 'temporal.toml');
    await writeFile(file, 'address = ');
    const read = () => temporalTarget({ env: { TEMPORAL_CONFIG_FILE: file } });
    expect(read).toThrow(expect.objectContaining({ code: 'configuration_invalid' }) as Error);
  });
});

describe('connections', () => {
  const resources = new AsyncDisposableStack();
  let server: DevServer;
  beforeAll(async () => {
    const home = resources.use(await temporaryDirectory());
    server = resources.use(await startDevServer({ cli: await temporalCli(), home: home.path }));
  });
  afterAll(() => resources.disposeAsync());

  it('work for clients and workers', async () => {
    const target = localTarget(server.address);
    await using temporal = await connectTemporal({ target });
    expect(await temporal.client.workflow.count()).toMatchObject({ count: 0 });
    const connection = await connectWorker({ target });
    await connection.close();
    expect(await isReachable(target)).toBe(true);
  });

  it('say which namespace is missing', async () => {
    await expect(connectTemporal({ target: localTarget(server.address, 'elsewhere') })).rejects.toMatchObject({
      code: 'temporal_unreachable',
      message: expect.stringContaining('namespace elsewhere') as string,
    });
  });

  it('say where nobody answers and what to do', async () => {
    const { frontend } = await freePorts();
    const target = localTarget(`127.0.0.1:${frontend}`);
    await expect(connectTemporal({ target, timeoutMs: 300 })).rejects.toMatchObject({
      code: 'temporal_unreachable',
      message: expect.stringContaining(target.address) as string,
      hint: expect.stringContaining('TEMPORAL_ADDRESS') as string,
    });
    await expect(connectWorker({ target })).rejects.toMatchObject({ code: 'temporal_unreachable' });
    expect(await isReachable(target, 300)).toBe(false);
  });

  it('that are closed while a call is being tried again end nothing but the call', async () => {
    await using home = await temporaryDirectory();
    const doomed = await startDevServer({ cli: await temporalCli(), home: home.path });
    const temporal = await connectTemporal({ target: localTarget(doomed.address) });
    await doomed[Symbol.asyncDispose]();
    const thrown: unknown[] = [];
    const note = (error: unknown): void => void thrown.push(error);
    process.prependListener('uncaughtException', note);
    const outcome = temporal.client.workflow.count().then(
      () => 'answered',
      () => 'failed',
    );
    // Refused at once, and called again after 50 to 150 ms.
    expect(await Promise.race([outcome, sleep(20, 'tried again')])).toBe('tried again');
    await temporal[Symbol.asyncDispose]();
    await sleep(500);
    process.off('uncaughtException', note);
    expect(thrown).toEqual([]);
  });
});
