#!/usr/bin/env node
import { hostname } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Runtime } from '@temporalio/worker';
import type { Client } from '@temporalio/client';
import { failPredecessors } from './activities/attempts.ts';
import { createBreakers } from './activities/breakers.ts';
import type { AtEffect } from './activities/effects.ts';
import type { Dependencies } from './activities/dependencies.ts';
import { guardForges } from './activities/guarded-forges.ts';
import { createHoldings } from './activities/holdings.ts';
import { describeError, exitCodeOf } from './cli/terminal.ts';
import type { Config } from './config.ts';
import { loadConfig } from './config.ts';
import { hostWorkQueue } from './contracts/constants.ts';
import { BelayError } from './contracts/errors.ts';
import type { WorkerRole } from './contracts/worker-roles.ts';
import { composeEngines } from './compose-engines.ts';
import { composeFiles } from './compose-artifacts.ts';
import { composeForges } from './compose-forges.ts';
import { composeLog } from './compose-log.ts';
import { composeScheduled } from './compose-triggers.ts';
import { useHelper } from './git/helper.ts';
import { createMirrors } from './git/mirror.ts';
import { serveWorkerHealth } from './http/worker-health.ts';
import { openPatientLedger } from './ledger/patient-ledger.ts';
import { createWebhook } from './notifications/webhook.ts';
import { workspaceEnvironment } from './process/environment.ts';
import { ownFolder } from './process/own-folder.ts';
import { onStopSignals } from './process/stop-signals.ts';
import { createCallRate } from './pacing/call-rate.ts';
import type { CallRate } from './pacing/call-rate.ts';
import { hostMemory } from './process/host-memory.ts';
import type { HostMemory } from './process/host-memory.ts';
import type { MemoryWatch } from './process/memory-watch.ts';
import { createMemoryWatch } from './process/memory-watch.ts';
import { createProcessorShares } from './process/processor-shares.ts';
import type { ProcessorShares } from './process/processor-shares.ts';
import type { Forbidden } from './process/concealed-stream.ts';
import type { Bounds, ProcessTrees } from './process/process-trees.ts';
import { createProcessTrees, reapBoot } from './process/process-trees.ts';
import type { StartChild } from './process/start-child.ts';
import type { Log } from './telemetry/log.ts';
import { forbiddenOf } from './telemetry/conceal.ts';
import { temporalLogger } from './telemetry/log.ts';
import { announce } from './temporal/announcement.ts';
import { cacheFolder } from './cache-folder.ts';
import type { TemporalTarget } from './temporal/connection.ts';
import { connectTemporal, connectWorker, keepApiKey, registerSearchAttributes, namedTarget } from './temporal/connection.ts';
import { schedulePoll } from './temporal/schedules.ts';
import { pingTemporal } from './temporal/temporal-access.ts';
import { createWorkers } from './temporal/workers.ts';
import { possibleIdentities, workerIdentity } from './temporal/serving.ts';
import { servingBy, shareCalls } from './upkeep/call-shares.ts';
import { recordHost } from './upkeep/host-record.ts';
import type { UseClient } from './triggers/use-client.ts';
import { startUpkeep } from './upkeep/worker-upkeep.ts';
import type { Host } from './workspace/host.ts';
import { takeHome } from './workspace/host.ts';
import { isThere, obstacleOf } from './worker-readiness.ts';
import { ALL_ROLES, requireSharedLedger } from './worker-roles.ts';
import { createAdmission } from './workspace/admission.ts';
import { workspaceFinder } from './workspace/run-folders.ts';
import { createPortRegistry } from './workspace/ports.ts';
import { createSlots } from './workspace/slots.ts';
import { createWorktrees } from './workspace/worktree.ts';

/** Programs of our own dependencies, Node among them: beneath a checkout, and beside the package (which has a scope) in a project. */
const PACKAGE_BINS = ['../node_modules/.bin', '../../../.bin'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));

/** Less than those wait who watch a worker. */
const PING_MS = 2000;

export interface BelayWorker extends AsyncDisposable {
  /** Settles when the worker has ended; rejects when it could not go on. */
  readonly ended: Promise<void>;
  /** Rejects where Temporal does not answer. */
  ping(): Promise<void>;
}

/** What keeps a worker from doing harm. */
interface WorkerParts {
  /** Ends what an earlier worker of this home has left running. */
  reap(boot: string): Promise<unknown>;
  openProcesses(options: { bootId: string; bounds: Bounds; start: StartChild; forbidden: Forbidden }): Promise<ProcessTrees>;
  /** How much memory the machine has, and how much of it is in use. */
  readHost: () => HostMemory;
  /** The last word on what activities work with. */
  adapt(deps: Dependencies): Dependencies;
}

const PARTS: WorkerParts = { reap: reapBoot, openProcesses: createProcessTrees, readHost: hostMemory, adapt: (deps) => deps };

/** Only for tests, which end or stop their own process at an effect, and for the chaos campaign, which leaves a part out to prove that it takes notice. */
export interface WorkerOptions extends Partial<WorkerParts> {
  atEffect?: AtEffect | undefined;
}

interface WorkerRequest extends WorkerOptions {
  config: Config;
  env: NodeJS.ProcessEnv;
  target: TemporalTarget;
  log: Log;
  /** What it does; everything unless told. */
  roles?: readonly WorkerRole[];
}

/** Starts everything that serves runs on this host. Disposing ends agents and tests, and leaves their runs to the next worker. */
export async function startWorker({ config, env, target, log, roles = ALL_ROLES, ...options }: WorkerRequest): Promise<BelayWorker> {
  const parts = { ...PARTS, ...options };
  await using stack = new AsyncDisposableStack();
  const host = stack.use(await takeHome(config.home));
  // Before anything else: what the killed worker before this one has left running must not work beside us.
  if (host.formerBoot) await parts.reap(host.formerBoot);
  const temporal = stack.use(await connectTemporal({ target }));
  const { refused } = await registerSearchAttributes(temporal);
  if (refused) log.warn(refused, 'Search attributes could not be registered; lists in Temporal will lack them');
  const { start } = stack.use(await useHelper());
  const onProblem = (error: unknown, message: string): void => log.warn(error, message);
  const memory = stack.use(createMemoryWatch({ ...config.bounds, host: hostname(), onProblem, readHost: parts.readHost }));
  const rates = callRates(config);
  const deps = parts.adapt(
    await composeDependencies({ config, env, host, roles, client: temporal.client, stack, parts, onProblem, memory, rates, start }),
  );
  const failed = await failPredecessors({
    home: config.home,
    client: temporal.client,
    warn: (error, message) => log.warn(error, message),
  });
  const connection = await connectWorker({ target });
  stack.defer(() => connection.close());
  stack.use(keepApiKey({ connection, target, onProblem }));
  const workers = await createWorkers({
    connection,
    namespace: target.namespace,
    deps,
    roles,
    bundleFolder: path.join(cacheFolder(env), 'workflows'),
    deployment: config.temporal.deployment,
    buildId: config.temporal.buildId,
  });
  if (roles.includes('orchestrator'))
    await schedulePoll(temporal.client, pollOf(config)).catch((error: unknown) => onProblem(error, 'The poll could not be scheduled'));
  const serving = servingBy({ client: temporal.client, ledger: deps.ledger });
  stack.use(await shareCalls({ rates, serving, host: host.id, onProblem }));
  if (roles.includes('runner')) stack.use(recordHost({ deps, memory, onProblem }));
  const ended = Promise.all(workers.map((worker) => worker.run()));
  stack.defer(async () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await ended;
  });
  // Ends first: it works with what the others close.
  stack.use(startUpkeep({ deps, config, log }));
  log.info({ host: host.id, roles, failed }, 'Worker started');
  const kept = stack.move();
  const ping = (): Promise<void> => temporal.client.withDeadline(Date.now() + PING_MS, () => pingTemporal(temporal.client));
  return { ended: ended.then(() => {}), ping, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

interface Composition {
  config: Config;
  env: NodeJS.ProcessEnv;
  host: Host;
  roles: readonly WorkerRole[];
  client: Client;
  stack: AsyncDisposableStack;
  onProblem: (error: unknown, message: string) => void;
  parts: WorkerParts & Pick<WorkerOptions, 'atEffect'>;
  memory: MemoryWatch;
  rates: CallRates;
  start: StartChild;
}

interface CallRates {
  github: CallRate;
  agents?: CallRate;
}

function callRates({ callsPerMinute: { github, agents } }: Config): CallRates {
  return {
    github: createCallRate({ perMinute: github }),
    ...(agents === undefined ? {} : { agents: createCallRate({ perMinute: agents }) }),
  };
}

async function composeDependencies(composition: Composition): Promise<Dependencies> {
  const { config, env, host, roles, client, stack, onProblem, parts, memory, rates, start } = composition;
  const { home, workspaces } = config;
  const worktrees = createWorktrees({ home, pool: { size: workspaces.max, onProblem } });
  stack.defer(() => worktrees.settled());
  const mirrors = createMirrors({ home, env });
  await worktrees.sweep(await mirrors.list());
  const own = stack.use(await openPatientLedger({ place: config.database, home, onProblem }));
  const { ledger, files, store } = stack.use(composeFiles({ config, ledger: own, onProblem }));
  const breakers = createBreakers({ ledger, onProblem, ...config.breakers });
  const bounds = { memory, workspaceOf: workspaceFinder(home), processors: processorsOf(config) };
  const forbidden = forbiddenOf(Object.values(config.secrets));
  const processes = stack.use(await parts.openProcesses({ bootId: host.boot, bounds, start, forbidden }));
  const places = composeForges(config, env, rates.github);
  const useClient: UseClient = (work) => work(client, new AbortController().signal);
  return {
    home,
    host: {
      id: host.id,
      identity: workerIdentity(host, roles),
      former: host.formerBoot === undefined ? [] : possibleIdentities({ id: host.id, boot: host.formerBoot }),
      taskQueue: hostWorkQueue(host.id, host.boot),
    },
    client,
    ledger,
    ownSecrets: () => forbidden().map(String),
    files,
    ...(store ? { store } : {}),
    ...guardForges(places, breakers),
    triggers: composeScheduled({ config, ledger, files, ...places, useClient, onProblem }),
    breakers,
    agentCalls: rates.agents,
    engines: composeEngines(config, env),
    processes,
    mirrors,
    worktrees,
    ports: createPortRegistry({ home, ...workspaces.ports }),
    admission: createAdmission({ slots: createSlots(workspaces.max), memory }),
    holdings: createHoldings(),
    ...notifierOf(config, env),
    workspaceEnvironment: workspaceEnvironment(env, {}, { dropPath: PACKAGE_BINS }),
    ...(parts.atEffect ? { atEffect: parts.atEffect } : {}),
  };
}

const pollOf = ({ triggers: { repositories, pollMs } }: Config): { everyMs?: number } =>
  repositories.length > 0 ? { everyMs: pollMs } : {};

function notifierOf({ secrets, notices: events }: Config, env: NodeJS.ProcessEnv) {
  const { BELAY_NOTIFY_URL: address, BELAY_NOTIFY_SECRET: secret } = secrets;
  const first = address?.current();
  if (address === undefined || first === undefined) return {};
  return { notifier: createWebhook({ url: () => address.current() ?? first, env, events, secret: secret && (() => secret.current()) }) };
}

function processorsOf({ bounds: { processors } }: Config): ProcessorShares | undefined {
  return processors === undefined ? undefined : createProcessorShares({ processors });
}

/** Temporal's own logger is one per process. */
export function installLogger(log: Log): void {
  Runtime.install({ logger: temporalLogger(log), shutdownSignals: [] });
}

/** A worker of the Temporal service that the environment names, until a signal stops it. */
export async function runWorker(env: NodeJS.ProcessEnv, options: WorkerOptions = {}): Promise<void> {
  const config = loadConfig(env);
  const log = composeLog(config);
  for (const warning of config.warnings) log.warn(warning);
  installLogger(log);
  const target = namedTarget(config, env);
  if (!target)
    throw new BelayError({
      code: 'configuration_invalid',
      message: 'No Temporal service is named.',
      hint: 'Set TEMPORAL_ADDRESS, or use `belay dev`, which brings its own.',
    });
  await using stack = new AsyncDisposableStack();
  // Said at once, not after a wait.
  await ownFolder(config.home);
  requireSharedLedger(config);
  const health = { worker: undefined as BelayWorker | undefined };
  const { health: address, roles } = config.worker;
  if (address) stack.use(await serveWorkerHealth({ address, obstacle: () => obstacleOf(health.worker) }));
  if (!(await isThere(target, log))) return;
  const worker = stack.use(await startWorker({ config, env, target, log, roles, ...options }));
  health.worker = worker;
  stack.use(await announce({ home: config.home, target, graceMs: 0 }));
  using _ = onStopSignals((signal) => {
    log.info({ signal }, 'Stopping: agents and tests are ended, their runs go on with the next worker');
    health.worker = undefined;
    void worker[Symbol.asyncDispose]();
  });
  await worker.ended;
}

if (import.meta.main) {
  runWorker(process.env).catch((error: unknown) => {
    process.stderr.write(`${describeError(error)}\n`);
    process.exitCode = exitCodeOf(error);
  });
}
