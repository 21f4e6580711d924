import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fetchLog } from '../../src/activities/lease-log.ts';
import { activityHost, leaseOf } from '../support/activity-host.ts';
import { eventually } from '../support/eventually.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

test('a long fetch says now and then how far it is, a short one nothing', async () => {
  await using host = await activityHost();
  const hear = fetchLog(host.deps, leaseOf(1));
  for (let second = 0; second <= 75; second++) {
    hear(`Receiving objects: ${second}%`);
    vi.advanceTimersByTime(1000);
  }
  await eventually(async () => {
    const said = await host.deps.ledger.readLogs({ runId: leaseOf(1).runId });
    expect(said.map(({ message }) => message).toSorted()).toEqual(
      [10, 40, 70].map((second) => `Fetching the repository: Receiving objects: ${second}%`),
    );
  });
});
