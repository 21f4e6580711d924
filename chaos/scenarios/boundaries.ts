import type { Scenario } from '../scenario.ts';
import { AGENT_MOMENTS, eventsAre, FORGE_MOMENTS } from '../stage/moments.ts';
import type { Moment } from '../stage/moments.ts';
import type { Stage } from '../stage/stage.ts';

/** A happy run has some 110 events. */
const LAST_EVENT = 110;
/** More kills of one run, and it may rightly park for what it loses in a row. */
const KILLS_PER_RUN = 3;

export const boundaries: Scenario = {
  name: 'boundaries',
  says: 'the worker is killed where something durable begins or has just been done: requests at the forge, turns of the agent, events in Temporal',
  async play(stage, budget) {
    const events = Array.from({ length: 10 }, () => eventsAre(stage.random.between(3, LAST_EVENT)));
    const moments = stage.random.shuffled([...FORGE_MOMENTS, ...AGENT_MOMENTS, ...events]);
    await stage.host.start();
    let kills = 0;
    while (moments.length > 0 && kills < budget.kills && performance.now() < budget.until) kills += await killOneRun(stage, moments);
  },
};

/** In the order in which a run comes to them, if it does. */
async function killOneRun(stage: Stage, moments: Moment[]): Promise<number> {
  const order = await stage.order();
  if (!order) throw new Error('An order was refused although nothing was wrong.');
  let kills = 0;
  while (kills < KILLS_PER_RUN) {
    const moment = moments.pop();
    if (!moment || !(await moment.reached(stage, order))) break;
    stage.fault(`reached: ${moment.name}`);
    await stage.killWorker();
    await stage.host.start();
    kills++;
  }
  return kills;
}
