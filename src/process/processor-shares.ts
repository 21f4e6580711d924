import { readFileSync } from 'node:fs';
import { BelayError } from '../contracts/errors.ts';
import { findExecutable } from './executable.ts';

/** Bounds how many processors the processes of one workspace may use. Programs in it count as many as it has: test runners start as many workers. */
export interface ProcessorShares {
  /** How to start a program of a workspace; its processors are its own until disposed of. */
  take(workspace: string, command: Command): Command & Disposable;
}

interface Command {
  file: string;
  args: string[];
}

interface Share {
  processors: number[];
  trees: number;
}

const SYSTEM_PATH = '/usr/bin:/bin:/usr/sbin:/sbin';

/**
 * By processor affinity, which the kernel hands down to every descendant. `processors` of those that this process may use, each
 * workspace those that fewest others have. Throws configuration_invalid where the system cannot do that.
 */
export function createProcessorShares({ processors }: { processors: number }): ProcessorShares {
  const taskset = process.platform === 'linux' ? findExecutable('taskset', { path: SYSTEM_PATH, cwd: '/' }) : undefined;
  if (!taskset)
    throw new BelayError({
      code: 'configuration_invalid',
      message: `BELAY_WORKSPACE_CPUS needs ${process.platform === 'linux' ? 'taskset, which is not installed' : 'Linux'}.`,
      hint: 'Unset it, or install util-linux (such as: apt install util-linux).',
    });
  const allowed = allowedProcessors();
  const shares = new Map<string, Share>();

  const choose = (): number[] => {
    const takers = (processor: number): number => [...shares.values()].filter((share) => share.processors.includes(processor)).length;
    return allowed.toSorted((one, other) => takers(one) - takers(other)).slice(0, processors);
  };

  return {
    take(workspace, { file, args }) {
      const share = shares.get(workspace) ?? { processors: choose(), trees: 0 };
      shares.set(workspace, share);
      share.trees++;
      return {
        file: taskset,
        args: ['--cpu-list', share.processors.join(','), file, ...args],
        [Symbol.dispose]() {
          if (--share.trees === 0) shares.delete(workspace);
        },
      };
    },
  };
}

/** Such as `0-3,8`. */
function allowedProcessors(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
