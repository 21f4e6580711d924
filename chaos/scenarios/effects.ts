import { EFFECT_NAMES, momentsOf } from '../../src/activities/effects.ts';
import type { Scenario } from '../scenario.ts';
import { isAtRest, standingIfKnown } from '../stage/orders.ts';
import type { Stage } from '../stage/stage.ts';
import { within } from '../until.ts';

/** More kills of one run, and it may rightly park for what it loses in a row. */
const KILLS_PER_RUN = 4;
const PATIENCE_MS = 90_000;

export const effects: Scenario = {
  name: 'effects',
  says: 'the worker kills itself on every side of every effect that the registry of effects knows',
  stage: () => ({ program: { file: '../chaos/worker.ts', args: [] } }),
  async play(stage, budget) {
    const sides = EFFECT_NAMES.flatMap((effect) => momentsOf(effect).map((moment) => ({ effect, at: `${effect}:${moment}` })));
    const left = stage.random.shuffled(sides);
    let kills = 0;
    while (left.length > 0 && kills < budget.kills && performance.now() < budget.until) {
      // In the order of a run, so that each is still to come when the one before has been met.
      const next = left.splice(-KILLS_PER_RUN).sort((one, other) => EFFECT_NAMES.indexOf(one.effect) - EFFECT_NAMES.indexOf(other.effect));
      kills += await killOneRun(
        stage,
        next.map(({ at }) => at),
      );
    }
    if (stage.hosts.every(({ worker }) => worker.over)) await stage.host.start();
  },
};

async function killOneRun(stage: Stage, moments: readonly string[]): Promise<number> {
  const { host, client } = stage;
  const order = await stage.order();
  if (!order) throw new Error('An order was refused although nothing was wrong.');
  let kills = 0;
  for (const at of moments) {
    if (kills === 0 && host.workers.length > 0) await host.stop();
    const worker = host.launch({ CHAOS_KILL_AT: at });
    const rests = within({ ms: PATIENCE_MS, pollMs: 200 }, async () => {
      if (worker.over) return 'killed';
      const standing = await standingIfKnown(client, order);
      if (standing?.belay === 'parked' && standing.temporal === 'RUNNING' && !order.parked) await stage.wake(order);
      return standing && isAtRest(standing) && standing.temporal !== 'RUNNING' ? 'rests' : undefined;
    });
    if ((await rests) !== 'killed') {
      stage.fault(`not met: ${at}`);
      await host.stop();
      if ((await standingIfKnown(client, order))?.temporal === 'RUNNING') continue;
      break;
    }
    stage.kill(`${worker.label} killed itself at ${at}`);
    kills++;
  }
  await host.start();
  await stage.rest(PATIENCE_MS);
  return kills;
}
