import type { RunView } from '../contracts/run-view.ts';
import { isInQueue, queuePlaces } from '../texts/queue.ts';
import type { QueuePlace } from '../texts/queue.ts';
import type { ReaderContext } from './reader-context.ts';

/** Longer queues are counted as far as that. */
const MAX_QUEUE = 10_000;

/** Where those of the runs stand that wait for a workspace, by id. */
export async function placesOf({ ledger }: Pick<ReaderContext, 'ledger'>, runs: readonly RunView[]): Promise<Map<string, QueuePlace>> {
  if (!runs.some(isInQueue)) return new Map();
  const [waiting, hosts] = await Promise.all([ledger.listRuns({ status: ['pending', 'waiting'], limit: MAX_QUEUE }), ledger.listHosts()]);
  return queuePlaces(waiting, hosts, Date.now());
}
