import type { Client } from '@temporalio/client';
import { isAtRest, standingIfKnown } from '../stage/orders.ts';
import type { Order, Standing } from '../stage/orders.ts';
import type { AgentWatch } from './watch.ts';

/** An open run in which nothing happened for longer than anybody may be left without a word. */
export interface Stuck {
  order: Order;
  standing: Standing;
  forMs: number;
}

export interface ProgressWatch extends Disposable {
  readonly stuck: readonly Stuck[];
  /** What should serve runs is down on purpose: nobody is stuck meanwhile. */
  expectNothing(): Disposable;
}

const LOOK_EVERY_MS = 2000;
/** Of the issue: every stuck run is visible with a cause within 60 s. */
const STUCK_MS = 60_000;

interface Seen {
  events: number;
  since: number;
}

/** A run goes on when its history grows or its agent is alive; one that waits or is parked says so. */
export function watchProgress({ client, orders, watch }: { client: Client; orders: readonly Order[]; watch: AgentWatch }): ProgressWatch {
  const stuck = new Map<string, Stuck>();
  const seen = new Map<string, Seen>();
  let quiet = 0;
  let looking = false;
  const look = async (order: Order): Promise<void> => {
    const now = Date.now();
    const standing = await standingIfKnown(client, order);
    const before = seen.get(order.runId);
    const alive = now - (watch.lastSeen.get(order.runId) ?? 0) < LOOK_EVERY_MS;
    if (!standing || quiet > 0 || alive || isAtRest(standing) || standing.belay === 'waiting' || standing.events !== before?.events) {
      seen.set(order.runId, { events: standing?.events ?? 0, since: now });
      return;
    }
    if (now - before.since >= STUCK_MS) stuck.set(order.runId, { order, standing, forMs: now - before.since });
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void Promise.all(orders.map(look)).finally(() => (looking = false));
  }, LOOK_EVERY_MS);
  return {
    get stuck() {
      return [...stuck.values()];
    },
    expectNothing() {
      quiet++;
      return { [Symbol.dispose]: () => void quiet-- };
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
