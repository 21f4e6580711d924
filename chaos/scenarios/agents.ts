import type { Scenario } from '../scenario.ts';
import { inShell } from '../stage/moments.ts';

export const hang: Scenario = {
  name: 'hang',
  says: 'an agent never answers: it is ended after the idle limit, tried again, and the run parks with the reason',
  stage: () => ({ agent: { hang: true }, env: { BELAY_AGENT_IDLE_MINUTES: '0.05' } }),
  async play(stage) {
    await stage.host.start();
    await stage.order('any');
  },
  alsoHolds: ({ runs }) =>
    runs
      .filter(({ comments }) => !comments.some((body) => body.includes('engine_stalled')))
      .map(({ order }) => `the issue of run ${order.runId} does not say that its agent hangs`),
};

export const orphans: Scenario = {
  name: 'orphans',
  says: 'the worker is killed while its agent works, which has a child in a session of its own, and without namespaces to help',
  stage: () => ({
    agent: { workMs: 1500, hang: 'once', looks: false },
    program: { file: '../chaos/worker.ts', args: ['--isolation', 'reaper'] },
  }),
  async play(stage, budget) {
    await stage.host.start();
    const order = await stage.order();
    if (!order) return;
    for (let kills = 0; kills < Math.min(2, budget.kills); kills++) {
      if (!(await inShell(kills + 1).reached(stage, order))) break;
      await stage.pause(stage.random.between(0, 1000));
      await stage.killWorker();
      await stage.host.start();
    }
  },
};
