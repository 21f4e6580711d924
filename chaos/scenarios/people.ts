import { PLACE } from '../stage/forge.ts';
import type { Scenario } from '../scenario.ts';
import { agentAt, pushing } from '../stage/moments.ts';

const pushed = pushing('after');

export const issueClosed: Scenario = {
  name: 'issue closed',
  says: 'a person closes the issue while the agent works, and the worker is killed: the run ends as cancelled, without a pull request',
  async play(stage) {
    await stage.host.start();
    const order = await stage.order('cancelled');
    if (!order || !(await agentAt(stage.random.pick(['plan', 'implement', 'review'])).reached(stage, order))) return;
    stage.fault(`close issue #${order.issue}`);
    await stage.forge.person.rest.issues.update({ ...PLACE, issue_number: order.issue, state: 'closed' });
    if (stage.random.next() < 0.5) return;
    await stage.killWorker();
    await stage.host.start();
  },
  alsoHolds: ({ runs }) =>
    runs.flatMap(({ order, pulls }) => (pulls.length === 0 ? [] : [`the closed issue #${order.issue} got a pull request`])),
};

export const branchDeleted: Scenario = {
  name: 'branch deleted',
  says: 'a person deletes the branch right after it was pushed, and the worker is killed before it knows',
  async play(stage) {
    await stage.host.start();
    const order = await stage.order();
    if (!order || !(await pushed.reached(stage, order))) return;
    await stage.killWorker();
    const branch = (await stage.branchOf(order)) ?? '';
    stage.fault(`delete branch ${branch}`);
    await stage.forge.remote.git('update-ref', '-d', `refs/heads/${branch}`);
    await stage.host.start();
  },
};

export const rivalPush: Scenario = {
  name: 'rival push',
  says: 'a person commits on top of the branch right after it was pushed, and the worker is killed before it knows: both works are kept',
  async play(stage) {
    await stage.host.start();
    const order = await stage.order();
    if (!order || !(await pushed.reached(stage, order))) return;
    await stage.killWorker();
    const branch = (await stage.branchOf(order)) ?? '';
    stage.fault(`commit on ${branch}`);
    const clone = await stage.forge.remote.clone('rival');
    await clone.git('checkout', '--quiet', branch);
    await clone.commit({ 'rival.txt': 'mine\n' }, 'Add mine');
    await clone.git('push', '--quiet', 'origin', branch);
    await stage.host.start();
  },
};

export const baseMoved: Scenario = {
  name: 'base moved',
  says: 'others commit on the base while the agent works, and the worker is killed',
  async play(stage) {
    const { random, host, forge } = stage;
    await host.start();
    const order = await stage.order();
    if (!order || !(await agentAt(random.pick(['implement', 'review', 'pull-request'])).reached(stage, order))) return;
    stage.fault('commit on main');
    await forge.remote.commit({ 'theirs.txt': 'theirs\n' });
    if (random.next() < 0.5) return;
    await stage.killWorker();
    await host.start();
  },
};
