import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import { CLOSED_STATUSES } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import type { RepositoryRecord } from '../contracts/service-records.ts';
import type { Store } from './flavour.ts';
import { isDeleted } from './parents.ts';
import { unknownRun } from './runs.ts';
import type { LedgerTables } from './schema.ts';
import type { ServiceLedger } from './service-ledger.ts';

/** Repositories, and what is removed on purpose. Everything recorded of a run goes with it by foreign keys. */
export function deletionQueries({
  db,
  flavour,
}: Store): Pick<ServiceLedger, 'deleteRun' | 'deleteRepository' | 'forgetRuns' | 'isDeletedRun' | 'listRepositories'> {
  return {
    deleteRun: (runId) =>
      db.transaction().execute(async (transaction) => {
        const run = await transaction
          .selectFrom('runs')
          .select(['id', 'status'])
          .where('id', '=', runId)
          .where('is_stub', '=', sql.lit(0))
          .modifyEnd(flavour.held)
          .executeTakeFirst();
        if (!run) throw unknownRun(runId);
        if (!CLOSED_STATUSES.includes(run.status)) throw stillOpen(`The run ${runId} is ${run.status}`);
        await bury(transaction, [runId]);
        await transaction.deleteFrom('runs').where('id', '=', runId).execute();
      }),
    deleteRepository: (slug) =>
      db.transaction().execute(async (transaction) => {
        const there = transaction.selectFrom('repositories').select('slug').where('slug', '=', slug).modifyEnd(flavour.alone);
        if (!(await there.executeTakeFirst())) throw unknownRepository(slug);
        const runs = await transaction
          .selectFrom('runs')
          .select(['id', 'status'])
          .where('repository', '=', slug)
          .orderBy('id')
          .modifyEnd(flavour.held)
          .execute();
        const open = runs.filter(({ status }) => !CLOSED_STATUSES.includes(status));
        if (open[0])
          throw stillOpen(`Of the runs in ${slug}, ${open.length} ${open.length === 1 ? 'is' : 'are'} not closed (${open[0].id})`);
        await bury(
          transaction,
          runs.map(({ id }) => id),
        );
        // What has not been processed yet may begin something new there.
        await transaction.deleteFrom('deliveries').where('repository', '=', slug).where('settled_at', 'is not', null).execute();
        await transaction.deleteFrom('repositories').where('slug', '=', slug).execute();
        return runs.map(({ id }) => id);
      }),
    forgetRuns: (before) => forgetRuns(db, before),
    isDeletedRun: (runId) => isDeleted(db, runId),
    listRepositories: () => listRepositories(db),
  };
}

const RUNS_A_STATEMENT = 100;

async function forgetRuns(db: Kysely<LedgerTables>, before: string): Promise<number> {
  for (let count = 0; ;) {
    const old = await db
      .selectFrom('runs')
      .select('id')
      .where('updated_at', '<', before)
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('events').select('events.id').whereRef('events.run_id', '=', 'runs.id').where('events.at', '>=', before))),
      )
      .limit(RUNS_A_STATEMENT)
      .execute();
    if (old.length === 0) return count;
    const ids = old.map(({ id }) => id);
    await db.deleteFrom('runs').where('id', 'in', ids).execute();
    count += ids.length;
    await setImmediate();
  }
}

async function listRepositories(db: Kysely<LedgerTables>): Promise<RepositoryRecord[]> {
  const rows = await db
    .selectFrom('repositories')
    .leftJoin('runs', 'runs.repository', 'repositories.slug')
    .select(({ fn }) => [
      'repositories.slug',
      'repositories.created_at',
      fn.count<number>('runs.id').as('runs'),
      fn.max('runs.created_at').as('last'),
    ])
    .groupBy(['repositories.slug', 'repositories.created_at'])
    .orderBy('repositories.slug')
    .execute();
  return rows.map(({ slug, created_at: createdAt, runs, last }): RepositoryRecord => ({
    slug,
    runs,
    createdAt,
    ...(last === null ? {} : { lastRunAt: last }),
  }));
}

const IDS_A_STATEMENT = 1000;

/** What is recorded of them later is left out. */
async function bury(transaction: Transaction<LedgerTables>, runIds: readonly string[]): Promise<void> {
  const deleted_at = new Date().toISOString();
  for (let done = 0; done < runIds.length; done += IDS_A_STATEMENT) {
    const rows = runIds.slice(done, done + IDS_A_STATEMENT).map((run_id) => ({ run_id, deleted_at }));
    await transaction.insertInto('deleted_runs').values(rows).execute();
  }
}

const stillOpen = (what: string): BelayError =>
  new BelayError({
    code: 'invalid_input',
    message: `${what}, and what is not closed is not deleted.`,
    hint: '`belay cancel` closes a run.',
  });

const unknownRepository = (slug: string): BelayError =>
  new BelayError({ code: 'invalid_input', message: `No repository is called '${slug}' here.`, hint: 'It is written owner/name.' });
