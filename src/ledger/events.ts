import type { Transaction } from 'kysely';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import type { RunView } from '../contracts/run-view.ts';
import type { RunEvent, RunEventType } from '../contracts/service-records.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import type { Flavour, Store } from './flavour.ts';
import { NONE } from './run-rows.ts';
import type { LedgerTables } from './schema.ts';
import type { ServiceLedger } from './service-ledger.ts';

const DEFAULT_LIMIT = 1000;

/** What has happened, for those who follow runs. */
export function eventQueries({ db, flavour }: Store): Pick<ServiceLedger, 'readEvents' | 'latestEvent' | 'watchEvents'> {
  const latestEvent = async (): Promise<number> => {
    const row = await db
      .selectFrom('events')
      .select(({ fn }) => fn.max('id').as('id'))
      .executeTakeFirst();
    return row?.id ?? 0;
  };
  return {
    latestEvent,
    watchEvents: (watch) => flavour.watchEvents({ ...watch, latestEvent }),
    async readEvents({ after, runId, repositories, limit = DEFAULT_LIMIT }) {
      let query = db
        .selectFrom('events')
        .innerJoin('runs', 'runs.id', 'events.run_id')
        .select(['events.id', 'events.run_id', 'events.type', 'events.at', 'events.data', 'runs.repository'])
        .where('events.id', '>', after);
      if (runId !== undefined) query = query.where('events.run_id', '=', runId);
      if (repositories) query = repositories.length > 0 ? query.where('runs.repository', 'in', repositories) : query.where(NONE);
      const rows = await query.orderBy('events.id').limit(limit).execute();
      return rows.map(({ id, run_id, repository, type, at, data }): RunEvent => ({
        id,
        runId: run_id,
        ...withoutUndefined({ repository: repository ?? undefined }),
        type,
        at,
        data: JSON.parse(data) as RunEvent['data'],
      }));
    },
  };
}

interface Telling {
  transaction: Transaction<LedgerTables>;
  flavour: Flavour;
}

/**
 * Records an event. The last word of its transaction: from here on others wait for its end, so that events become visible in the order of
 * their ids, and nobody who reads on from an id misses one.
 */
export async function tell(
  { transaction, flavour }: Telling,
  { runId, type, data }: { runId: string; type: RunEventType; data: object },
): Promise<void> {
  await flavour.takeTurn(transaction, 'events');
  await transaction
    .insertInto('events')
    .values({ run_id: runId, type, at: new Date().toISOString(), data: JSON.stringify(data) })
    .execute();
  await flavour.announce(transaction);
}

/** What a run's new view is to those who follow it, where it is anything. */
export function runEvent(
  before: { status: string; waiting_for: string | null } | undefined,
  { id, status, waitingFor, waitingMessage, outcome, currentStep, summary }: RunView,
): { runId: string; type: RunEventType; data: object } | undefined {
  if (before?.status === status && before.waiting_for === (waitingFor ?? null)) return undefined;
  const data = withoutUndefined({ status, waitingFor, waitingMessage, outcome, currentStep, summary });
  if (CLOSED_STATUSES.includes(status)) return { runId: id, type: 'run.completed', data };
  if (status === 'waiting' || status === 'parked') return { runId: id, type: 'run.waiting', data };
  return status === 'running' ? { runId: id, type: 'run.started', data } : undefined;
}
