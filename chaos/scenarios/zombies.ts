import { pushesTo } from '../oracles/git.ts';
import type { Scenario } from '../scenario.ts';
import { agentAt, isBranchPush, pushing } from '../stage/moments.ts';
import type { Stage } from '../stage/stage.ts';
import { within } from '../until.ts';

const HEARTBEAT = { BELAY_HEARTBEAT_SECONDS: '4' };
const TAKEOVER_MS = 90_000;

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
    // Its label tells whose push it is: whichever host was given the run.
    const order = await stage.order();
    if (!order) return;
    const arrived = Promise.withResolvers<void>();
    using _ = stage.forge.front.before(async (exchange) => {
      if (!isBranchPush(exchange) || stage.faults.some(({ what }) => what.startsWith('hold'))) return undefined;
      const holder = stage.hosts.find(({ worker }) => worker.label === exchange.owner);
      stage.fault(`hold the push of ${exchange.owner}, and freeze it`);
      holder?.worker.freeze();
      await takenOverFrom(stage, order.runId, exchange.owner);
      stage.fault(`let the push of ${exchange.owner} in`);
      arrived.resolve();
      return undefined;
    });
    if (!(await pushing('after').reached(stage, order))) return;
    await arrived.promise;
    for (const { worker } of stage.hosts) worker.thaw();
  },
};

/** Granted, not only claimed: the oracles compare with the grant in the history. */
async function takenOverFrom(stage: Stage, runId: string, owner: string): Promise<void> {
  await within(
    { ms: TAKEOVER_MS, pollMs: 100 },
    async () =>
      pushesTo(stage.forge).some(({ by, ref }) => by !== owner && ref === `refs/belay/${runId}/checkpoint`) ||
      pushesTo(stage.forge).filter(({ by, ref }) => by !== owner && ref.startsWith(`refs/belay/${runId}/`)).length > 1 ||
      undefined,
  );
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
