import type { ActivitySlotInfo, CustomSlotSupplier } from '@temporalio/worker';
import type { Dependencies } from '../activities/dependencies.ts';

/**
 * A host asks for another run only while it has room for one: a run that has to wait does so in Temporal's queue, in its turn, and
 * for whichever host is the first to have room.
 */
export function leaseSlots(admission: Dependencies['admission']): CustomSlotSupplier<ActivitySlotInfo> {
  /** Those who ask, and the leases that they were given, until these have ended. */
  const asking = new Set<object>();
  const leases = new Set<object>();
  // A lease takes its place a moment after it was given; those by way of the host's own queue were not asked for here.
  const hasRoom = (): boolean => asking.size + Math.max(leases.size, admission.held) < admission.size && admission.obstacle() === undefined;
  const ask = (): object => {
    const permit = {};
    asking.add(permit);
    return permit;
  };
  return {
    type: 'custom',
    async reserveSlot(_context, signal) {
      while (!hasRoom()) await admission.changed(signal);
      return ask();
    },
    // Only for calls that a decision hands to its own worker, which leases never are.
    tryReserveSlot: () => (hasRoom() ? ask() : null),
    markSlotUsed({ permit }) {
      asking.delete(permit);
      leases.add(permit);
    },
    releaseSlot({ permit }) {
      asking.delete(permit);
      leases.delete(permit);
    },
  };
}
