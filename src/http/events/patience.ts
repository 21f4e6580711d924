/** How long who follows something may be silent, in milliseconds. */
export interface Patience {
  /** Where nothing happens, a word is sent so often; and then it is asked anew whether the token still counts. */
  heartbeatMs: number;
  /** A connection whose client takes nothing of what it was sent for so long is closed. */
  stalledMs: number;
}

/** Proxies cut a connection on which nothing is said for a minute or less. */
export const PATIENCE: Patience = { heartbeatMs: 15_000, stalledMs: 30_000 };
