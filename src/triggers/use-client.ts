import type { Client } from '@temporalio/client';

/** Does something with Temporal; `signal` ends when nobody waits for it any more. Throws `BelayError` temporal_unreachable. */
export type UseClient = <T>(work: (client: Client, signal: AbortSignal) => Promise<T>) => Promise<T>;
