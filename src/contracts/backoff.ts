/** Pauses between attempts. No imports here: workflows bundle this file. */

export interface Backoff {
  /** The first pause. */
  baseMs: number;
  /** The longest one. */
  capMs: number;
}

/** So much more or less, by chance: what failed together does not come back together. */
const JITTER = 0.25;

/** The pause after an attempt (the first is 1): twice as long each time. `chance` is from 0 to 1. */
export function pauseAfter(attempt: number, { baseMs, capMs }: Backoff, chance: number): number {
  const pause = Math.min(capMs / (1 + JITTER), baseMs * 2 ** (attempt - 1));
  return Math.round(pause * (1 + JITTER * (2 * chance - 1)));
}
