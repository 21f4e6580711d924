import type { Scenario } from '../scenario.ts';

export const serverKills: Scenario = {
  name: 'server kills',
  says: "Temporal's server is killed and comes back on its database, twice, also while an order is given; the worker stays",
  async play(stage, budget) {
    const { random, host, temporal } = stage;
    await host.start();
    await stage.order();
    for (let kills = 0; kills < Math.min(2, budget.kills); kills++) {
      await stage.pause(random.between(500, 4000));
      using _ = stage.progress.expectNothing();
      stage.kill('kill Temporal');
      await temporal.kill();
      const order = random.next() < 0.5 ? stage.order() : undefined;
      await stage.pause(random.between(0, 3000));
      await temporal.start();
      await order;
      // A worker that has lost its server may end: whoever keeps it up starts it again.
      await host.keepUp();
    }
  },
};
