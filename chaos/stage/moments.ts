import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { agentsByRun, seenProcesses } from '../oracles/processes.ts';
import { within } from '../until.ts';
import type { Exchange } from './front.ts';
import { isAtRest, standingIfKnown } from './orders.ts';
import type { Order } from './orders.ts';
import type { Stage } from './stage.ts';

/** A moment in the life of a run that a fault can be timed by. */
export interface Moment {
  name: string;
  /** Resolves when it has come: true. False when the run is at rest, or the time over, before. */
  reached(stage: Stage, order: Order): Promise<boolean>;
}

const PATIENCE_MS = 60_000;

/** The agent works on a command. Seen in the machine's processes. */
export const agentAt = (command: string): Moment => ({
  name: `agent at ${command}`,
  reached: (stage, order) =>
    seen(stage, order, async () => {
      const table = seenProcesses();
      const pids =
        agentsByRun(
          stage.hosts.map(({ user }) => user.home),
          table,
        ).get(order.runId) ?? [];
      return table.some(({ pid, argv }) => pids.includes(pid) && argv[2]?.includes(`"command":"${command}"`));
    }),
});

/** The agent is in its shell, for the given time of the run. By then its engine knows that the turn has begun; its process alone says less. */
export const inShell = (time: number): Moment => ({
  name: `shell ${time}`,
  reached: (stage, order) => seen(stage, order, async () => (await shellsOf(stage, order)) >= time),
});

async function shellsOf({ agents }: Stage, { runId }: Order): Promise<number> {
  const lines = (await readFile(agents.log, 'utf8')).split('\n');
  return lines.filter((line) => line.startsWith(`begin ${runId} `)).length;
}

/** Temporal has so many events of the run. */
export const eventsAre = (count: number): Moment => ({
  name: `event ${count}`,
  reached: (stage, order) => seen(stage, order, async () => ((await standingIfKnown(stage.client, order))?.events ?? 0) >= count),
});

/** The forge is about to be asked for something, or has just done it and not answered yet. */
export const atForge = (side: 'before' | 'after', what: string, fits: (exchange: Exchange) => boolean): Moment => ({
  name: `${side} ${what}`,
  async reached(stage, order) {
    const met = new AbortController();
    const meet = (exchange: Exchange): undefined => {
      if (exchange.owner !== 'user' && fits(exchange)) met.abort();
    };
    using _ = side === 'before' ? stage.forge.front.before(meet) : stage.forge.front.after(meet);
    const over = new AbortController();
    const first = once(met.signal, 'abort', { signal: over.signal }).then(
      () => true,
      () => false,
    );
    try {
      return await Promise.race([first, seen(stage, order, async () => false)]);
    } finally {
      over.abort();
    }
  },
});

/** A run's branch is pushed. */
export const pushing = (side: 'before' | 'after'): Moment => atForge(side, 'a push', isBranchPush);

export const isBranchPush = ({ refs }: Exchange): boolean => refs.some((ref) => ref.startsWith('refs/heads/'));

/** Every kind of write on the forge, and what is fetched from it, on both sides. */
export const FORGE_MOMENTS: readonly Moment[] = [
  ['a fetch', ({ path }: Exchange) => path.endsWith('/git-upload-pack')],
  ['a new comment', ({ method, path }: Exchange) => method === 'POST' && path.endsWith('/comments')],
  ['a push', isBranchPush],
  ['a checkpoint', ({ refs }: Exchange) => refs.some((ref) => ref.endsWith('/checkpoint'))],
  ['a new pull request', ({ method, path }: Exchange) => method === 'POST' && path.endsWith('/pulls')],
  ['a changed comment', ({ method, path }: Exchange) => method === 'PATCH' && /\/comments\/\d+$/.test(path)],
].flatMap(([what, fits]) =>
  (['before', 'after'] as const).map((side) => atForge(side, what as string, fits as (exchange: Exchange) => boolean)),
);

export const AGENT_MOMENTS: readonly Moment[] = [
  'classify',
  'plan',
  'implement',
  'review',
  'document',
  'commit-message',
  'pull-request',
].map(agentAt);

async function seen(stage: Stage, order: Order, look: () => Promise<boolean>): Promise<boolean> {
  const found = await within({ ms: PATIENCE_MS, pollMs: 30 }, async () => {
    if (await look()) return true;
    const standing = await standingIfKnown(stage.client, order);
    return standing && isAtRest(standing) ? false : undefined;
  });
  return found ?? false;
}
