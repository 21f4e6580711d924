import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';

/** What this process may use of the machine's memory, in bytes: the machine's own, or less where a container or a service is limited. */
export interface HostMemory {
  totalBytes: number;
  /** By everybody there; what the kernel gives back when it is needed, such as cached files, does not count. */
  usedBytes: number;
}

/** Where control groups (v2) are. */
const GROUPS = '/sys/fs/cgroup';

/** Linux only tells what could be given back: elsewhere nothing seems to be in use. */
export const knowsMemory = process.platform === 'linux';

export function hostMemory(): HostMemory {
  const machineBytes = totalmem();
  if (!knowsMemory) return { totalBytes: machineBytes, usedBytes: 0 };
  const limit = process.constrainedMemory();
  const availableBytes = process.availableMemory();
  if (!limit || limit >= machineBytes) return { totalBytes: machineBytes, usedBytes: machineBytes - availableBytes };
  // Of a group the kernel counts cached files too.
  return { totalBytes: limit, usedBytes: Math.max(0, limit - availableBytes - cachedInGroup()) };
}

/** Of the group that this process is in, and of no other: the root's has the whole machine's. */
function cachedInGroup(): number {
  try {
    const group = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'latin1'))?.[1];
    if (group === undefined) return 0;
    const statistics = readFileSync(join(GROUPS, group, 'memory.stat'), 'latin1');
    return Number(/^inactive_file (\d+)$/m.exec(statistics)?.[1] ?? 0);
  } catch {
    // An older kind of group, or one that is not shown here: then everything counts.
    return 0;
  }
}
