import { fileURLToPath } from 'node:url';
import type { Scenario } from '../scenario.ts';
import { agentAt } from '../stage/moments.ts';

const SHIFT = fileURLToPath(new URL('../shift-clock.ts', import.meta.url));
const HOUR_MS = 3_600_000;
/** A host that is not heard of for so long has lost its runs. */
const HEARTBEAT_SECONDS = 5;
const FROZEN_MS = [7000, 15_000] as const;

export const clock: Scenario = {
  name: 'clock',
  says: "the worker's clock is hours wrong, and after a kill wrong the other way",
  async play(stage) {
    const { random, host } = stage;
    const shifted = (hours: number) => ({ NODE_OPTIONS: `--import=${SHIFT}`, CHAOS_SHIFT_MS: String(hours * HOUR_MS) });
    const hours = random.pick([-26, -3, 3, 26]);
    stage.fault(`clock of the worker: ${hours} h`);
    await host.start(shifted(hours));
    const order = await stage.order();
    if (!order || !(await agentAt(random.pick(['plan', 'implement', 'review'])).reached(stage, order))) return;
    await stage.killWorker();
    stage.fault(`clock of the worker: ${-hours} h`);
    await host.start(shifted(-hours));
  },
};

export const frozen: Scenario = {
  name: 'frozen worker',
  says: 'the worker and all below it stand still for longer than the heartbeat limit, and then go on',
  stage: () => ({ agent: { workMs: 1500 }, env: { BELAY_HEARTBEAT_SECONDS: String(HEARTBEAT_SECONDS) } }),
  async play(stage) {
    const { random, host } = stage;
    await host.start();
    const order = await stage.order();
    if (!order || !(await agentAt(random.pick(['plan', 'implement', 'review'])).reached(stage, order))) return;
    stage.fault(`freeze ${host.worker.label}`);
    host.worker.freeze();
    await stage.pause(random.between(...FROZEN_MS));
    stage.fault(`thaw ${host.worker.label}`);
    host.worker.thaw();
  },
};
