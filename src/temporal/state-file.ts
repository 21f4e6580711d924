import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { BelayError } from '../contracts/errors.ts';
import { isAlive } from '../process/is-alive.ts';
import { readIfThere } from '../process/read-if-there.ts';
import { attachUsage } from './dev-usage.ts';

const devState = z.object({
  pid: z.int().positive(),
  address: z.string().min(1),
  namespace: z.string().min(1),
  /** Empty where it is not known. */
  uiUrl: z.string(),
  /** See `attachUsage`. */
  controlPort: z.int().min(1).max(65_535),
  startedAt: z.iso.datetime(),
  /** Belay's own. */
  version: z.string(),
});

/** How a running `belay dev` is found: `dev.json` in BELAY_HOME. */
export type DevState = z.infer<typeof devState>;

const pathOf = (home: string): string => join(home, 'dev.json');

export async function writeDevState(home: string, state: DevState): Promise<void> {
  await writeFileAtomic(pathOf(home), `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
}

/** The running `belay dev` of this home. What a dead one left behind is ignored and removed. */
export async function readDevState(home: string): Promise<DevState | undefined> {
  const text = await readIfThere(pathOf(home));
  if (text === undefined) return undefined;
  const state = parse(text);
  if (state && isAlive(state.pid) && (await isServed(state))) return state;
  // Only what we judged: a new `belay dev` may have written its own meanwhile.
  if ((await readIfThere(pathOf(home))) === text) await rm(pathOf(home), { force: true });
  return undefined;
}

/** Removes the file if it is still `pid`'s. */
export async function removeDevState(home: string, pid: number): Promise<void> {
  const text = await readIfThere(pathOf(home));
  if (text !== undefined && parse(text)?.pid === pid) await rm(pathOf(home), { force: true });
}

function parse(text: string): DevState | undefined {
  try {
    return devState.safeParse(JSON.parse(text)).data;
  } catch {
    // Not JSON: nothing of ours.
    return undefined;
  }
}

/** Its own port, not Temporal's: that may need a login, and a process number may have a new owner. */
async function isServed({ controlPort }: DevState): Promise<boolean> {
  try {
    using _usage = await attachUsage({ port: controlPort });
    return true;
  } catch (error) {
    if (error instanceof BelayError) return false;
    throw error;
  }
}
