import { GRANT_SIGNAL } from '../../src/contracts/constants.ts';
import { pushesTo } from '../oracles/git.ts';
import type { Scenario } from '../scenario.ts';
import type { Exchange } from '../stage/front.ts';
import { agentAt, isBranchPush } from '../stage/moments.ts';
import type { Order } from '../stage/orders.ts';
import type { Stage } from '../stage/stage.ts';
import { within } from '../until.ts';

const HEARTBEAT = { BELAY_HEARTBEAT_SECONDS: '4' };
const TAKEOVER_MS = 90_000;
const REST_MS = 240_000;

/** The other host has moved the epoch ref of the run: it is the holder from here on. */
async function takenOver(stage: Stage, runId: string): Promise<boolean> {
  const taken = await within(
    { ms: TAKEOVER_MS, pollMs: 100 },
    async () => pushesTo(stage.forge).some(({ by, ref }) => by.startsWith('b') && ref.startsWith(`refs/belay/${runId}/`)) || undefined,
  );
  return taken ?? false;
}

export const zombie: Scenario = {
  name: 'zombie',
  says: 'a host stands still for longer than the heartbeat limit, another takes its runs over, and then it goes on',
  stage: () => ({ hosts: 2, env: HEARTBEAT, agent: { workMs: 1500 } }),
  async play(stage) {
    const [first, second] = stage.hosts;
    if (!first || !second) return;
    await first.start();
    const order = await stage.order();
    if (!order || !(await agentAt(stage.random.pick(['plan', 'implement', 'review'])).reached(stage, order))) return;
    await second.start();
    stage.fault(`freeze ${first.worker.label}`);
    first.worker.freeze();
    await takenOver(stage, order.runId);
    await stage.pause(stage.random.between(0, 3000));
    stage.fault(`thaw ${first.worker.label}`);
    first.worker.thaw();
  },
};

export const latePush: Scenario = {
  name: 'late push',
  says: 'a host stands still while its push is on the way; another takes the run over before the push comes in',
  stage: () => ({ hosts: 2, env: HEARTBEAT, agent: { workMs: 300 } }),
  async play(stage) {
    const [first, second] = stage.hosts;
    if (!first || !second) return;
    await Promise.all([first.start(), second.start()]);
    const order = await stage.order();
    if (!order) return;
    const late = Promise.withResolvers<Exchange>();
    const answered = Promise.withResolvers<void>();
    using _before = stage.forge.front.before(async (exchange) => {
      if (!isBranchPush(exchange)) return undefined;
      // What the next holder pushes would be in the way of the late one.
      if (stage.faults.length > 0) await answered.promise;
      else await untilLost(stage, order, exchange);
      return undefined;
    });
    using _after = stage.forge.front.after((exchange) => {
      if (!isBranchPush(exchange)) return;
      late.resolve(exchange);
      answered.resolve();
    });
    await Promise.race([late.promise, stage.rest(REST_MS)]);
    answered.resolve();
    for (const { worker } of stage.hosts) worker.thaw();
  },
};

/** Whichever host has the run stands still while its push is on the way, until another host was given the run. */
async function untilLost(stage: Stage, order: Order, { owner }: Exchange): Promise<void> {
  const holder = stage.hosts.find(({ worker }) => worker.label === owner);
  const before = await grants(stage, order);
  stage.fault(`freeze ${owner}, with a push on the way`);
  holder?.worker.freeze();
  await within({ ms: TAKEOVER_MS, pollMs: 200 }, async () => ((await grants(stage, order)) > before ? true : undefined));
  stage.fault(`let the push of ${owner} in`);
}

async function grants({ client }: Stage, { workflowId }: Order): Promise<number> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes?.signalName === GRANT_SIGNAL).length;
}

export const lostHost: Scenario = {
  name: 'lost host',
  says: 'a host is gone for good, its home with it; another goes on with its runs',
  stage: () => ({ hosts: 2, env: HEARTBEAT, agent: { workMs: 1500 } }),
  async play(stage) {
    const [first, second] = stage.hosts;
    if (!first || !second) return;
    await first.start();
    const order = await stage.order();
    if (!order || !(await agentAt(stage.random.pick(['plan', 'implement', 'review', 'pull-request'])).reached(stage, order))) return;
    await second.start();
    await stage.killWorker(first);
    await first.forget();
  },
};
