import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it, vi } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/constants.ts';
import type { TemporalCli } from '../../src/temporal/cli-binary.ts';
import { connectTemporal, isReachable, localTarget, registerSearchAttributes } from '../../src/temporal/connection.ts';
import { startDevServer } from '../../src/temporal/dev-server.ts';
import { shellProgram } from '../support/programs.ts';
import { temporalCli } from '../support/temporal-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const OWNER = fileURLToPath(new URL('../support/server-owner.ts', import.meta.url));

function lookalike(path: string): TemporalCli {
  return { path, version: '1.5.1', serverVersion: '1.29.1', source: 'configured' };
}

/** The number in a file that a program is about to write. */
async function written(path: string): Promise<number> {
  return vi.waitFor(async () => {
    const pid = Number.parseInt(await readFile(path, 'utf8'), 10);
    expect(pid).toBeGreaterThan(0);
    return pid;
  }, 20_000);
}

describe('startDevServer', () => {
  it('serves the namespace with Belay’s search attributes on loopback, with its Web UI, and keeps runs over a restart', async () => {
    await using home = await temporaryDirectory();
    const cli = await temporalCli();
    {
      await using server = await startDevServer({ cli, home: home.path });
      expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/);
      expect((await fetch(server.uiUrl)).status).toBe(200);
      await using temporal = await connectTemporal({ target: localTarget(server.address) });
      const { customAttributes } = await temporal.connection.operatorService.listSearchAttributes({ namespace: 'default' });
      for (const name of SEARCH_ATTRIBUTES) expect(customAttributes[name]).toBe(2);
      expect(await registerSearchAttributes(temporal)).toEqual({});
      await temporal.client.workflow.start('sdlc', { workflowId: 'local:acme/shop#1', taskQueue: 'nobody' });
    }
    await using server = await startDevServer({ cli, home: home.path });
    await using temporal = await connectTemporal({ target: localTarget(server.address) });
    const { status, type } = await temporal.client.workflow.getHandle('local:acme/shop#1').describe();
    expect({ status: status.name, type }).toEqual({ status: 'RUNNING', type: 'sdlc' });
    expect(await readFile(join(home.path, 'temporal.version'), 'utf8')).toBe(`${cli.serverVersion}\n`);
    expect((await stat(join(home.path, 'temporal.db'))).mode & 0o077).toBe(0);
  });

  it('runs once per home', async () => {
    await using home = await temporaryDirectory();
    const cli = await temporalCli();
    await using _server = await startDevServer({ cli, home: home.path });
    await expect(startDevServer({ cli, home: home.path })).rejects.toMatchObject({
      code: 'home_locked',
      message: expect.stringContaining(`process ${process.pid}`) as string,
    });
  });

  it('ends with its owner, SIGKILL included, and the next owner finds everything', async () => {
    await using home = await temporaryDirectory();
    const cli = await temporalCli();
    const owner = execa(process.execPath, [OWNER, home.path, cli.path], { reject: false });
    let address = '';
    for await (const line of owner) {
      address = line;
      await using temporal = await connectTemporal({ target: localTarget(address) });
      await temporal.client.workflow.start('sdlc', { workflowId: 'written-last', taskQueue: 'nobody' });
      owner.kill('SIGKILL');
    }
    // Waits for the former server's end.
    await using server = await startDevServer({ cli, home: home.path });
    expect(await isReachable(localTarget(address))).toBe(false);
    await using temporal = await connectTemporal({ target: localTarget(server.address) });
    expect((await temporal.client.workflow.getHandle('written-last').describe()).status.name).toBe('RUNNING');
  });

  it('refuses a database of a server with other tables', async () => {
    await using home = await temporaryDirectory();
    await writeFile(join(home.path, 'temporal.db'), '');
    await writeFile(join(home.path, 'temporal.version'), '1.31.0\n');
    const starting = startDevServer({ cli: lookalike('/nowhere'), home: home.path });
    await expect(starting).rejects.toThrow('was written by Temporal server 1.31.0; the one found here is 1.29.1');
  });

  it('says why the server did not start, and leaves the home free', async () => {
    await using home = await temporaryDirectory();
    const cli = await temporalCli();
    await mkdir(join(home.path, 'temporal.db'));
    await expect(startDevServer({ cli, home: home.path })).rejects.toMatchObject({
      code: 'temporal_unreachable',
      message: expect.stringMatching(/did not start: failed starting server: .*unable to open database file/) as string,
      hint: expect.stringContaining('temporal.log') as string,
    });
    await rm(join(home.path, 'temporal.db'), { recursive: true });
    await using server = await startDevServer({ cli, home: home.path });
    expect(await isReachable(localTarget(server.address))).toBe(true);
  });

  it('tries again when somebody was faster with a port', async () => {
    await using home = await temporaryDirectory();
    const { path } = await temporalCli();
    const once = `[ -e "${home.path}/taken" ] && exec "${path}" "$@"\ntouch "${home.path}/taken"\n`;
    const unlucky = await shellProgram(join(home.path, 'temporal'), `${once}echo "can't set frontend port 7: taken"\nexit 1`);
    await using server = await startDevServer({ cli: lookalike(unlucky), home: home.path });
    expect(await isReachable(localTarget(server.address))).toBe(true);
  });

  it('leaves no process behind when the start is aborted', async () => {
    await using home = await temporaryDirectory();
    const abort = new AbortController();
    const slow = await shellProgram(join(home.path, 'temporal'), 'echo $$ > pid\nexec sleep 300');
    const starting = startDevServer({ cli: lookalike(slow), home: home.path, signal: abort.signal });
    const pid = await written(join(home.path, 'pid'));
    abort.abort(new Error('interrupted'));
    await expect(starting).rejects.toThrow('interrupted');
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('says that it has ended when it was killed by somebody else', async () => {
    await using home = await temporaryDirectory();
    const { path } = await temporalCli();
    const noting = await shellProgram(join(home.path, 'temporal'), `echo $$ > pid\nexec "${path}" "$@"`);
    await using server = await startDevServer({ cli: lookalike(noting), home: home.path });
    process.kill(await written(join(home.path, 'pid')), 'SIGKILL');
    expect(await server.ended).toMatchObject({ expected: false });
  });
});
