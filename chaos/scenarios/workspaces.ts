import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { canMount, smallDisk } from '../../test/support/small-disk.ts';
import type { Scenario } from '../scenario.ts';
import { agentAt } from '../stage/moments.ts';

export const worktreeDeleted: Scenario = {
  name: 'worktree deleted',
  says: "a run's worktree is deleted under its agent; another's while its worker is dead",
  async play(stage) {
    const { host, random } = stage;
    await host.start();
    for (const alive of random.shuffled([true, false])) {
      const order = await stage.order();
      if (!order || !(await agentAt('implement').reached(stage, order))) continue;
      if (!alive) await stage.killWorker();
      stage.fault(`delete the worktree of ${order.runId}`);
      await rm(join(host.user.home, 'trees', order.runId), { recursive: true, force: true, maxRetries: 5 });
      if (!alive) await host.start();
      await stage.rest(60_000);
    }
  },
};

export const diskFull: Scenario = {
  name: 'disk full',
  says: "the disk of a host's home is full for some seconds while an agent works",
  unable: () => (canMount() ? undefined : 'only root may mount a small disk'),
  stage: () => ({ disk: smallDisk, agent: { workMs: 1500 } }),
  async play(stage) {
    const { host, random, disk } = stage;
    await host.start();
    const order = await stage.order();
    if (!order || !disk) return;
    await agentAt(random.pick(['plan', 'implement', 'review'])).reached(stage, order);
    stage.fault('fill the disk');
    await disk.fill();
    await stage.pause(random.between(2000, 6000));
    disk.free();
    await host.keepUp();
  },
};
