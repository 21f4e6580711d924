import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { RETRY_SIGNAL } from '../../src/contracts/constants.ts';
import { connectTemporal, localTarget } from '../../src/temporal/connection.ts';
import type { Script } from '../../src/engines/script.ts';
import { belayUser } from '../../test/support/cli.ts';
import type { Files } from '../../test/support/git-remote.ts';
import type { SmallDisk } from '../../test/support/small-disk.ts';
import { temporaryDirectory } from '../../test/support/temporary-directory.ts';
import { causeOn } from '../oracles/forge.ts';
import { branchesOf } from '../oracles/git.ts';
import { watchAgents } from '../oracles/watch.ts';
import type { AgentWatch } from '../oracles/watch.ts';
import { watchProgress } from '../oracles/progress.ts';
import type { ProgressWatch } from '../oracles/progress.ts';
import type { Random } from '../random.ts';
import { within } from '../until.ts';
import { REPOSITORY, writeAgent } from './agent.ts';
import type { AgentNotes, AgentOptions } from './agent.ts';
import { stageForge } from './forge.ts';
import type { StageForge } from './forge.ts';
import { createHost } from './host.ts';
import type { Host } from './host.ts';
import { isAtRest, placeOrder, standingIfKnown } from './orders.ts';
import type { Expected, Order } from './orders.ts';
import { temporalServer } from './temporal.ts';
import type { TemporalServer } from './temporal.ts';

/** What a scenario plays on, all of it real: a Temporal, a forge, hosts with their workers, agents. */
export interface Stage {
  readonly random: Random;
  /** Of the campaign's own notes; goes away with the stage. */
  readonly folder: string;
  readonly temporal: TemporalServer;
  readonly client: Client;
  readonly forge: StageForge;
  readonly hosts: readonly Host[];
  /** The first host. */
  readonly host: Host;
  readonly agents: AgentNotes;
  readonly watch: AgentWatch;
  readonly progress: ProgressWatch;
  readonly orders: readonly Order[];
  readonly faults: readonly Fault[];
  readonly ports: { first: number; last: number };
  /** That the first host's home is on, where the scenario wants a small one. */
  readonly disk?: SmallDisk;
  /** Gives an order on an issue of its own. One that is refused is no order. */
  order(expected?: Expected, on?: Host): Promise<Order | undefined>;
  /** Notes a fault. */
  fault(what: string): void;
  /** Notes a kill; of a process, does it too. */
  kill(what: string, pid?: number): void;
  /** Kills a host's worker and notes it. */
  killWorker(host?: Host): Promise<void>;
  /** Waits so long as the scenario needs something to happen. */
  pause(ms: number): Promise<void>;
  /** Waits until every order is at rest, or the time is over. */
  rest(ms: number): Promise<void>;
  /** The branch that a run has pushed. */
  branchOf(order: Order): Promise<string | undefined>;
  /** Tells a parked run to go on. */
  wake(order: Order): Promise<void>;
  /** Waits until every order has ended or is parked; those that parked for the faults are told once to go on. */
  settle(ms: number): Promise<void>;
}

export interface Fault {
  at: number;
  what: string;
  kill: boolean;
}

export interface StageOptions {
  random: Random;
  agent?: Partial<Omit<AgentOptions, 'random'>>;
  files?: Files;
  hosts?: number;
  /** What a worker is, from `src`, and its arguments; `belay worker` unless said. */
  program?: { file: string; args: string[] };
  env?: Record<string, string>;
  /** What the first host's home is on. */
  disk?: () => Promise<SmallDisk>;
}

const WAKE_MS = 20_000;
const HOST_NAMES = ['a', 'b', 'c'];
/** Outside of those that tests use. */
const PORTS = { first: 23_000, last: 23_079 };

export async function openStage(options: StageOptions): Promise<Stage & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const { random, files = REPOSITORY } = options;
  const { path: folder } = stack.use(await temporaryDirectory());
  const temporal = stack.use(await temporalServer(join(folder, 'temporal')));
  const forge = stack.use(await stageForge({ folder, files }));
  const { client } = stack.use(await connectTemporal({ target: localTarget(temporal.address) }));
  const { notes, turns } = await writeAgent(folder, { workMs: 500, random: random.fork('agent'), ...options.agent });
  const disk = options.disk && stack.use(await options.disk());
  const hosts: Host[] = [];
  for (const name of HOST_NAMES.slice(0, options.hosts ?? 1))
    hosts.push(await openHost({ name, stack, temporal, forge, options, turns, home: disk?.path }));
  const orders: Order[] = [];
  const faults: Fault[] = [];
  const watch = stack.use(watchAgents(hosts.map(({ user }) => user.home)));
  const progress = stack.use(watchProgress({ client, orders, watch }));
  const host = hosts[0] as Host;
  const stage: Stage = {
    random,
    folder,
    temporal,
    client,
    forge,
    hosts,
    host,
    agents: notes,
    watch,
    progress,
    orders,
    faults,
    ports: PORTS,
    async order(expected = 'pull_request', on = host) {
      const order = await placeOrder({ forge, host: on, expected });
      if (order) orders.push(order);
      return order;
    },
    fault: (what) => void faults.push({ at: Date.now(), what, kill: false }),
    kill(what, pid) {
      faults.push({ at: Date.now(), what, kill: true });
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    },
    async killWorker(of = host) {
      stage.kill(`kill worker ${of.worker.label}`);
      await of.worker.kill();
    },
    pause: (ms) => sleep(ms),
    rest: async (ms) => void (await within({ ms, pollMs: 250 }, () => allAtRest(stage))),
    branchOf: async ({ runId }) => [...(await branchesOf(forge)).keys()].find((branch) => branch.endsWith(`-${runId}`)),
    wake: (order) => wake(stage, order),
    settle: (ms) => settle(stage, ms),
    ...(disk ? { disk } : {}),
  };
  // Before their homes go: what stands still does not notice that it should end.
  stack.defer(() => hosts.flatMap(({ workers }) => workers).forEach((worker) => worker.thaw()));
  const kept = stack.move();
  return { ...stage, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

interface OpenHost {
  name: string;
  stack: AsyncDisposableStack;
  temporal: TemporalServer;
  forge: StageForge;
  options: StageOptions;
  turns: Script;
  home: string | undefined;
}

async function openHost({ name, stack, temporal, forge, options, turns, home }: OpenHost): Promise<Host> {
  const { front } = forge;
  const range = (first: number): string => `${first}-${first + 39}`;
  const env = {
    BELAY_TEMPORAL_ADDRESS: temporal.address,
    BELAY_GITHUB_API_URL: front.url,
    BELAY_GITHUB_GIT_URL: `${front.url}/{owner}/{repo}.git`,
    BELAY_PORTS_BACKEND: range(PORTS.first),
    BELAY_PORTS_FRONTEND: range(PORTS.first + 40),
    ...(name === 'a' && home ? { BELAY_HOME: home } : {}),
    ...options.env,
  };
  const user = stack.use(await belayUser({ uncovered: true, env }));
  await user.script(turns);
  const { file, args } = options.program ?? { file: 'cli.ts', args: ['worker'] };
  return createHost({ name, user, admit: front.admit, program: file, args, env: {} });
}

async function allAtRest({ orders, client }: Stage): Promise<true | undefined> {
  const standings = await Promise.all(orders.map((order) => standingIfKnown(client, order)));
  return standings.every((standing) => standing && isAtRest(standing)) || undefined;
}

/** Tells a parked run once to go on, as a person does when what was wrong is over. */
async function wake({ client, forge }: Stage, order: Order): Promise<void> {
  order.parked = await causeOn(forge, order.issue);
  await client.workflow.getHandle(order.workflowId).signal(RETRY_SIGNAL, {});
  await within({ ms: WAKE_MS }, async () => ((await standingIfKnown(client, order))?.belay === 'parked' ? undefined : true));
}

async function settle(stage: Stage, ms: number): Promise<void> {
  const { orders, client } = stage;
  const deadline = performance.now() + ms;
  await Promise.all(
    orders.map(async (order) => {
      const rest = () =>
        within({ ms: deadline - performance.now(), pollMs: 250 }, async () => {
          const standing = await standingIfKnown(client, order);
          return standing && isAtRest(standing) ? standing : undefined;
        });
      const standing = await rest();
      if (standing?.belay !== 'parked' || standing.temporal !== 'RUNNING' || order.expected !== 'pull_request') return;
      await wake(stage, order);
      await rest();
    }),
  );
}
