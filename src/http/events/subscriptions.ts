import type { ApiDependencies } from '../dependencies.ts';
import type { Caller } from '../caller.ts';
import { visibleRun } from '../visible-run.ts';
import type { EventFeed } from './event-feed.ts';
import { eventMessage } from './event-text.ts';
import { MAX_RUNS, invalid } from './messages.ts';

type Runs = 'all' | readonly string[];

export interface SubscriptionsRequest {
  deps: Pick<ApiDependencies, 'events' | 'ledger' | 'patience'>;
  caller: Caller;
  /** Takes events when the client does. */
  send: (messages: readonly Buffer[]) => Promise<void>;
  /** Nothing more can be read of what somebody follows here. */
  onFailure: (error: unknown) => void;
  /** Ends with the connection. */
  signal: AbortSignal;
}

/** What one connection follows: single runs, or all. */
export interface Subscriptions {
  /** Gives the id after which events come. `begin` is called before the first of them. Throws invalid_input, not_found. */
  add(request: { runs: Runs; after: number | undefined; begin: (after: number) => void }): Promise<void>;
  remove(runs: Runs): void;
}

export function createSubscriptions({ deps, caller, send, onFailure, signal }: SubscriptionsRequest): Subscriptions {
  const open = new Map<string, AbortController>();
  const remove = (runs: Runs): void => {
    for (const key of runs === 'all' ? [...open.keys()] : runs) {
      open.get(key)?.abort();
      open.delete(key);
    }
  };
  const follow = (key: string, following: Scope & { after: number }): void => {
    const over = new AbortController();
    open.set(key, over);
    const { heartbeatMs: silenceMs } = deps.patience;
    const events = deps.events.follow({ ...following, silenceMs, signal: AbortSignal.any([signal, over.signal]) });
    forward({ events, send, signal: over.signal }).catch(onFailure);
  };
  return {
    remove,
    async add({ runs, after, begin }) {
      if (runs !== 'all') await requireRuns({ deps, caller, runs, open: [...open.keys()] });
      const start = await deps.events.begin(after);
      if (signal.aborted) return;
      // What is followed anew begins anew, in the order of its events.
      remove(runs);
      begin(start);
      if (runs === 'all') return follow('all', { after: start, ...(caller.repositories ? { repositories: caller.repositories } : {}) });
      for (const runId of new Set(runs)) follow(runId, { after: start, runId });
    },
  };
}

type Scope = { runId: string } | { repositories?: readonly string[] };

interface Requested extends Pick<SubscriptionsRequest, 'deps' | 'caller'> {
  runs: readonly string[];
  open: readonly string[];
}

async function requireRuns({ deps, caller, runs, open }: Requested): Promise<void> {
  if (open.includes('all')) throw invalid('All runs are followed already.');
  if (new Set([...open, ...runs]).size > MAX_RUNS) throw invalid(`A connection follows ${MAX_RUNS} runs at most, or all of them.`);
  for (const id of runs) await visibleRun({ deps, caller }, id);
}

async function forward({ events, send, signal }: Forwarding): Promise<void> {
  for await (const batch of events) {
    if (signal.aborted) return;
    await send(batch.map(eventMessage));
  }
}

interface Forwarding {
  events: ReturnType<EventFeed['follow']>;
  send: SubscriptionsRequest['send'];
  signal: AbortSignal;
}
