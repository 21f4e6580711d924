import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

/** What this process may use of the machine's memory, in bytes: the machine's own, or less where a container limits it. */
export interface HostMemory {
  totalBytes: number;
  /** By everybody there; what the kernel gives back when it is needed, such as cached files, does not count. */
  usedBytes: number;
}

/** The control group of a container, as it sees it itself (cgroup v2). */
const GROUP_STATISTICS = '/sys/fs/cgroup/memory.stat';

export function hostMemory(): HostMemory {
  const machineBytes = totalmem();
  const limit = process.constrainedMemory();
  const availableBytes = process.availableMemory();
  if (!limit || limit >= machineBytes) return { totalBytes: machineBytes, usedBytes: machineBytes - availableBytes };
  // Of a group the kernel counts cached files too.
  return { totalBytes: limit, usedBytes: Math.max(0, limit - availableBytes - cachedInGroup()) };
}

function cachedInGroup(): number {
  try {
    return Number(/^inactive_file (\d+)$/m.exec(readFileSync(GROUP_STATISTICS, 'latin1'))?.[1] ?? 0);
  } catch {
    // An older kind of group, or another system: then everything counts.
    return 0;
  }
}
