import { setTimeout as sleep } from 'node:timers/promises';

/** A condition is looked at this often, and for so long: far more than what is waited for takes on a busy machine. */
const POLL_MS = 20;
const PATIENCE_MS = 45_000;

/** Waits until the check does not throw any more, and gives what it gave; else what it threw last. Works outside vitest too. */
export async function eventually<T>(check: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(POLL_MS);
  }
}
