import { setTimeout as sleep } from 'node:timers/promises';

export interface Until {
  what: string;
  ms: number;
  pollMs?: number;
}

/** Polls until there is a value; undefined when the time is over. */
export async function within<T>({ ms, pollMs = 50 }: Omit<Until, 'what'>, probe: () => Promise<T | undefined>): Promise<T | undefined> {
  const deadline = performance.now() + ms;
  for (;;) {
    const value = await probe();
    if (value !== undefined || performance.now() > deadline) return value;
    await sleep(pollMs);
  }
}

/** The same, but the time must not be over. */
export async function until<T>(limits: Until, probe: () => Promise<T | undefined>): Promise<T> {
  const value = await within(limits, probe);
  if (value === undefined) throw new Error(`Waited in vain for ${limits.what}.`);
  return value;
}
