import { ActivityCancellationDetails } from '@temporalio/common';
import type { ActivityCancellationDetailsOptions } from '@temporalio/common/lib/activity-cancellation-details.js';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { leaseQueueActivities } from '../../src/activities/index.ts';
import type { Grant } from '../../src/contracts/lease.ts';
import type { HoldInput } from '../../src/contracts/work.ts';
import { leaseOf } from './activity-host.ts';
import type { ActivityHost } from './activity-host.ts';
import { eventually } from './eventually.ts';

export interface Hold {
  /** How the activity ends: `held` until then. */
  ended: Promise<unknown>;
  granted: Promise<Grant>;
  cancel(why: ActivityCancellationDetailsOptions): Promise<unknown>;
}

/** Most of these leases end as failures. */
const quiet = new DefaultLogger('ERROR');

/** Asks for the workspace as the workflow does; with a checkpoint from the second lease on. */
export function hold(host: ActivityHost, epoch: number, runId?: string, more: Partial<HoldInput> = {}): Hold {
  const environment = new MockActivityEnvironment({ activityId: `hold-${epoch}` }, { logger: quiet });
  const { repository, base } = host;
  const input = { lease: leaseOf(epoch, runId), repository, baseSha: base, ...(epoch > 1 ? { checkpoint: base } : {}), ...more };
  const ended = environment.run(leaseQueueActivities(host.deps).holdWorkspace, input).catch((error: unknown) => error);
  const granted = eventually(async () => {
    const grant = host.grants.find((each) => each.epoch === epoch);
    if (!grant) throw new Error(`Lease ${epoch} is not granted.`);
    return grant;
  });
  return {
    ended,
    granted,
    async cancel(why) {
      environment.cancel('CANCELLED', new ActivityCancellationDetails(why));
      return ended;
    },
  };
}
