import type { ActivitySlotInfo, CustomSlotSupplier } from '@temporalio/worker';
import type { Dependencies } from '../activities/dependencies.ts';

/**
 * A host asks for another run only while it has room for one: a run that has to wait does so in Temporal's queue, in its turn, and
 * for whichever host is the first to have room. It asks for one at a time, and not before the one that it was given has its place: only
 * then is it known whether there is room for another.
 */
export function leaseSlots(admission: Dependencies['admission']): CustomSlotSupplier<ActivitySlotInfo> {
  /** The one who asks, and the leases that were given, until these have ended. */
  const asking = new Set<object>();
  const leases = new Set<object>();
  let moved = Promise.withResolvers<void>();
  const move = (): void => {
    moved.resolve();
    moved = Promise.withResolvers();
  };
  // Those that came by way of the host's own queue hold places too, and were not asked for here.
  const hasRoom = (): boolean =>
    asking.size === 0 && leases.size <= admission.held && admission.held < admission.size && admission.obstacle() === undefined;
  const ask = (): object => {
    const permit = {};
    asking.add(permit);
    return permit;
  };
  return {
    type: 'custom',
    async reserveSlot(_context, signal) {
      while (!hasRoom()) await Promise.race([moved.promise, admission.changed(signal)]);
      signal.throwIfAborted();
      return ask();
    },
    // Only for calls that a decision hands to its own worker, which leases never are.
    tryReserveSlot: () => (hasRoom() ? ask() : null),
    markSlotUsed({ permit }) {
      asking.delete(permit);
      leases.add(permit);
      move();
    },
    releaseSlot({ permit }) {
      asking.delete(permit);
      leases.delete(permit);
      move();
    },
  };
}
