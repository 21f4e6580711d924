import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** Has bubblewrap say who the first process of the namespace is, by our process numbers, before it lets the program start. */
export const REPORT_ARGS = ['--info-fd', '3'];

/** The kernel takes less than a millisecond, and tens where the machine is busy. Whoever is not gone then is looked for. */
const GONE_WITHIN_MS = 2000;
const POLL_MS = 2;

/** What bubblewrap reports of a namespace, and whether it is at rest. */
export interface NamespaceFollower {
  /** More of the report. */
  hear(chunk: Buffer): void;
  /** When the child has ended: whether all of the tree is known to be gone. `isSilent`: nothing more of the report will come. */
  isGone(isSilent: () => boolean): Promise<boolean>;
}

/**
 * bubblewrap ends when the program does; the first process of the namespace dies with it. The kernel lets that one become a zombie only
 * when it has ended and buried every other process of the namespace, whatever their session or environment.
 */
export function followNamespace(): NamespaceFollower {
  let text = '';
  let first: { pid: number; since: string } | 'gone' | undefined;
  return {
    hear(chunk) {
      text += chunk.toString('latin1');
      const pid = Number(/"child-pid":\s*(\d+)/.exec(text)?.[1]);
      if (first || !pid) return;
      const since = aliveSince(pid);
      first = since === undefined ? 'gone' : { pid, since };
    },
    async isGone(isSilent) {
      const deadline = performance.now() + GONE_WITHIN_MS;
      // The report is there already when the child has ended, but maybe not read.
      for (let poll = 0; performance.now() < deadline; poll++) {
        if (first === 'gone' || (first && aliveSince(first.pid) !== first.since)) return true;
        if (!first && isSilent()) return false;
        await (poll < 2 ? nextTurn() : sleep(POLL_MS));
      }
      return false;
    },
  };
}

/** When a process began, in the kernel's ticks; undefined for one that is dead or not there. */
function aliveSince(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in brackets may hold spaces: what follows begins with field 3, the state; field 22 is the start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What cannot be told, such as without a free file descriptor, is no sign of death.
    return code === 'ENOENT' || code === 'ESRCH' ? undefined : '';
  }
}
