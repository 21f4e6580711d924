import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { BreakerTiming } from '../../src/activities/breakers.ts';
import { openContext } from '../../src/cli/context.ts';
import { loadConfig } from '../../src/config.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import type { LocalForge } from '../../src/forges/local.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { HostMemory } from '../../src/process/host-memory.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { connectTemporal, localTarget } from '../../src/temporal/connection.ts';
import type { TemporalTarget } from '../../src/temporal/connection.ts';
import { startDevServer } from '../../src/temporal/dev-server.ts';
import { installLogger, startWorker } from '../../src/worker.ts';
import type { BelayWorker } from '../../src/worker.ts';
import { openProject } from './belay-project.ts';
import type { BelayProject, ProjectOptions } from './belay-project.ts';
import { temporalCli } from './temporal-cli.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Everything that serves runs, in this process: an embedded Temporal and a worker, with a home of its own. */
export interface Belay extends AsyncDisposable {
  readonly home: string;
  /** Of the embedded Temporal. */
  readonly address: string;
  readonly client: Client;
  readonly ledger: Ledger;
  readonly forge: LocalForge;
  /** A project with an issue, and what the agent does about it. */
  project(options?: ProjectOptions): Promise<BelayProject>;
  /** With other settings than at the start, where given. */
  startWorker(settings?: Record<string, string>): Promise<void>;
  /** Stops the worker as a signal does: agents are ended, their runs left to the next worker. */
  stopWorker(): Promise<void>;
}

/** Temporal takes one logger per process. */
let logged = false;

interface BelayParts {
  breakers?: BreakerTiming;
  /** The machine's memory, which a test cannot fill. */
  readHost?: () => HostMemory;
}

/** Starts everything. The settings are environment variables. */
export async function startBelay(settings: Record<string, string> = {}, { breakers, readHost }: BelayParts = {}): Promise<Belay> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const env = environment(join(path, 'home'), settings);
  const context = stack.use(await openContext({ env, terminal: quiet }));
  const { home } = context.config;
  if (!logged) installLogger(createLog({ level: 'silent' }));
  logged = true;
  const server = stack.use(await startDevServer({ cli: await temporalCli(), home }));
  const target = localTarget(server.address);
  const { client } = stack.use(await connectTemporal({ target }));
  const worker = stack.use(stoppableWorker({ home, settings, breakers, readHost }, target));
  await worker.start();
  let projects = 0;
  const kept = stack.move();
  return {
    home,
    address: server.address,
    client,
    ledger: context.ledger,
    forge: context.forges.local,
    project: (options = {}) => openProject({ ...context, client }, join(path, `project-${++projects}`), options),
    startWorker: worker.start,
    stopWorker: worker.stop,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** This process's environment without its settings of Belay and Temporal; ports that are nobody's default. */
function environment(home: string, settings: Record<string, string>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(BELAY|TEMPORAL)_/.test(name));
  return {
    ...Object.fromEntries(inherited),
    BELAY_HOME: home,
    BELAY_ENGINE: 'scripted',
    BELAY_PORTS_BACKEND: '21000-21199',
    BELAY_PORTS_FRONTEND: '21200-21399',
    ...settings,
  };
}

const nothing = (): void => {};
const quiet: Terminal = { live: false, piped: true, out: nothing, note: nothing, exact: nothing };

interface Stoppable {
  home: string;
  settings: Record<string, string>;
  breakers: BreakerTiming | undefined;
  readHost: BelayParts['readHost'] | undefined;
}

function stoppableWorker({ home, settings, breakers, readHost }: Stoppable, target: TemporalTarget) {
  let running: BelayWorker | undefined;
  const stop = async (): Promise<void> => {
    const stopping = running;
    running = undefined;
    await stopping?.[Symbol.asyncDispose]();
  };
  const start = async (others: Record<string, string> = {}): Promise<void> => {
    const env = environment(home, { ...settings, ...others });
    const config = { ...loadConfig(env), ...(breakers ? { breakers } : {}) };
    running = await startWorker({ config, env, target, log: createLog({ level: 'silent' }), ...(readHost ? { readHost } : {}) });
  };
  return { start, stop, [Symbol.asyncDispose]: stop };
}
