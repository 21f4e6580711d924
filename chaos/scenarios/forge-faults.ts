import type { Scenario } from '../scenario.ts';
import { isWrite } from '../stage/front.ts';

/** Each kind of write may lose its answer so often. */
const LOSSES = 2;

export const lostReply: Scenario = {
  name: 'lost reply',
  says: 'the forge does what it is asked to, and its answer is lost: each kind of write, up to twice',
  async play(stage) {
    const lost = new Map<string, number>();
    const losing = stage.forge.front.before((exchange) => {
      const kind = `${exchange.method} ${exchange.path.replaceAll(/\d+/g, 'n')}`;
      const before = lost.get(kind) ?? 0;
      if (exchange.owner === 'user' || !isWrite(exchange) || before >= LOSSES || stage.random.next() < 0.3) return undefined;
      lost.set(kind, before + 1);
      stage.fault(`lose the answer to ${kind}`);
      return 'lose';
    });
    using _ = losing;
    await stage.host.start();
    await stage.order();
    await stage.order();
    await stage.rest(120_000);
  },
};

export const partition: Scenario = {
  name: 'partition',
  says: 'the forge cannot be reached for some seconds, twice, while runs want to write',
  async play(stage) {
    const { random, forge } = stage;
    await stage.host.start();
    await stage.order();
    await stage.order();
    for (let times = 0; times < 2; times++) {
      await stage.pause(random.between(200, 4000));
      using _ = forge.front.before(({ owner }) => (owner === 'user' ? undefined : 'refuse'));
      stage.fault('the forge cannot be reached');
      await stage.pause(random.between(1000, 8000));
    }
  },
};
