import type { Scenario } from '../scenario.ts';
import { seenProcesses, treeOf } from '../oracles/processes.ts';
import type { Stage } from '../stage/stage.ts';

const ORDERS_AT_ONCE = 2;
/** Processes below a worker, by what their arguments hold. */
const BELOW = { agent: '/scripted-agent.ts', helper: '/helper-program.ts', reaper: '/reaper.ts', sandbox: 'bwrap', git: 'git' };

export const randomKills: Scenario = {
  name: 'random kills',
  says: 'at any time the worker is killed, or a process below it: agent, sandbox, helper, git, reaper; orders come also while there is no worker',
  async play(stage, budget) {
    const { random, host } = stage;
    const rounds = Math.min(budget.kills, 8);
    for (let kills = 0; kills < rounds && performance.now() < budget.until;) {
      if (kills % 4 === 0) for (let at = 0; at < ORDERS_AT_ONCE; at++) await stage.order();
      if (kills === 0) await host.start();
      await stage.pause(random.between(0, 4000));
      const below = random.next() < 0.3 ? killBelow(stage) : false;
      if (!below) {
        await stage.killWorker();
        await stage.pause(random.between(0, 500));
        await host.start();
      }
      kills++;
    }
  },
};

/** False where there is no such process now. */
function killBelow(stage: Stage): boolean {
  const table = seenProcesses();
  const below = treeOf(stage.host.worker.pid, table).slice(1);
  const found = Object.entries(BELOW).flatMap(([name, word]) =>
    table
      .filter(({ pid, argv }) => below.includes(pid) && argv.slice(0, 2).some((each) => each.endsWith(word)))
      .map(({ pid }) => ({ name, pid })),
  );
  if (found.length === 0) return false;
  const { name, pid } = stage.random.pick(found);
  stage.kill(`kill ${name} of ${stage.host.worker.label}`, pid);
  return true;
}
