import { readFile } from 'node:fs/promises';
import { isAlive } from './is-alive.ts';

/** Undefined when there is no such process, empty when it cannot be told. Field 22 of /proc/pid/stat, in clock ticks since boot. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  if (!isAlive(pid)) return undefined;
  if (process.platform !== 'linux') return '';
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name in brackets may hold spaces: what follows begins with field 3.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  // A zombie has died, only nobody has looked yet.
  return fields?.[0] === 'Z' ? undefined : fields?.[19];
}
