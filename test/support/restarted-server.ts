import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { startServerProcess } from '../../src/temporal/dev-server-process.ts';
import type { ServerProcess } from '../../src/temporal/dev-server-process.ts';
import { untilServing } from '../../src/temporal/dev-server-ready.ts';
import { devServerArguments, freePorts } from '../../src/temporal/dev-server-settings.ts';
import { markedProcesses, sendSignal } from '../../src/process/process-table.ts';
import { temporalCli } from './temporal-cli.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A Temporal server at one address and on one database, however often it is started. */
export interface RestartedServer extends AsyncDisposable {
  readonly address: string;
  start(): Promise<void>;
  /** Ends it as a power cut does. */
  kill(): Promise<void>;
}

export async function restartedServer(): Promise<RestartedServer> {
  await using stack = new AsyncDisposableStack();
  const { path: home } = stack.use(await temporaryDirectory());
  await mkdir(join(home, 'logs'));
  const { path: file } = await temporalCli();
  const ports = await freePorts();
  const address = `127.0.0.1:${ports.frontend}`;
  const log = stack.use(await open(join(home, 'logs', 'temporal.log'), 'a'));
  let running: ServerProcess | undefined;
  stack.defer(() => running?.stop());
  const kept = stack.move();
  return {
    address,
    async start() {
      running = startServerProcess({ file, args: devServerArguments({ home, ports }), home, logFd: log.fd });
      await untilServing({ address, signal: AbortSignal.timeout(60_000) });
    },
    async kill() {
      for (const pid of await markedProcesses(`HOME=${home}`)) sendSignal(pid, 'SIGKILL');
      await running?.ended;
      running = undefined;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
