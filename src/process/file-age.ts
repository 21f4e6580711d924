import { stat } from 'node:fs/promises';

/** Clocks are corrected by this much while somebody works; what is dated later was dated by a clock that was wrong. */
const MAX_AHEAD_MS = 24 * 3_600_000;

/** When a file was last changed, in ms; 0, so older than all others, where it is gone or its date lies in the future. */
export async function changedAt(path: string): Promise<number> {
  const at = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
  return at - Date.now() > MAX_AHEAD_MS ? 0 : at;
}
