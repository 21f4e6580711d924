import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { devServerArguments, freePorts } from '../../src/temporal/dev-server-settings.ts';
import { untilServing } from '../../src/temporal/dev-server-ready.ts';
import { temporalCli } from '../../test/support/temporal-cli.ts';

const START_MS = 60_000;

/** A Temporal server of the campaign's own, which can be killed and comes back on its database at the same address. */
export interface TemporalServer extends AsyncDisposable {
  readonly address: string;
  /** The `temporal` program. */
  readonly cli: string;
  /** SIGKILL, and nothing is served until `start`. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export async function temporalServer(home: string): Promise<TemporalServer> {
  await mkdir(home, { recursive: true });
  const { path: cli } = await temporalCli();
  const ports = await freePorts();
  const address = `127.0.0.1:${ports.frontend}`;
  let running: ChildProcess | undefined;
  const server: TemporalServer = {
    address,
    cli,
    async kill() {
      const killed = running;
      running = undefined;
      if (!killed || killed.exitCode !== null || killed.signalCode !== null) return;
      const exited = once(killed, 'exit');
      killed.kill('SIGKILL');
      await exited;
    },
    async start() {
      running = spawn(cli, devServerArguments({ home, ports }), { stdio: 'ignore', env: { PATH: process.env['PATH'], HOME: home } });
      await untilServing({ address, signal: AbortSignal.timeout(START_MS) });
    },
    [Symbol.asyncDispose]: () => server.kill(),
  };
  await server.start();
  return server;
}
