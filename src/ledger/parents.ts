import type { Kysely, RawBuilder, Transaction } from 'kysely';
import type { LedgerTables } from './schema.ts';

interface ParentRequest {
  transaction: Transaction<LedgerTables>;
  runId: string;
  /** How the run's row is to stand still until the transaction ends. */
  lock: RawBuilder<unknown>;
}

/** Has a row for the run, if only a stub that its first recording completes. False for a run that has been deleted. */
export async function ensureRun({ transaction, runId, lock }: ParentRequest): Promise<boolean> {
  const isThere = async (): Promise<boolean> =>
    (await transaction.selectFrom('runs').select('id').where('id', '=', runId).modifyEnd(lock).executeTakeFirst()) !== undefined;
  if (await isThere()) return true;
  // Asked after the look: a deletion that it waited for is told of here.
  if (await isDeleted(transaction, runId)) return false;
  await transaction
    .insertInto('runs')
    .values({
      id: runId,
      is_stub: 1,
      workflow_id: '',
      pipeline: '',
      status: 'pending',
      cost_usd: 0,
      triggered_by: '',
      view_version: -2,
      created_at: '',
      updated_at: '',
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  // Another may have been first with it: its row is locked as well.
  return isThere();
}

export async function isDeleted(db: Kysely<LedgerTables>, runId: string): Promise<boolean> {
  const found = await db.selectFrom('deleted_runs').select('run_id').where('run_id', '=', runId).executeTakeFirst();
  return found !== undefined;
}

/** What a run refers to. */
export async function ensureOrigin(
  transaction: Transaction<LedgerTables>,
  { repository: slug, pipeline: name, at }: { repository: string; pipeline: string; at: string },
): Promise<void> {
  await transaction
    .insertInto('pipelines')
    .values({ name, kind: 'built-in', first_seen: at })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  await transaction
    .insertInto('repositories')
    .values({ slug, created_at: at })
    .onConflict((conflict) => conflict.column('slug').doNothing())
    .execute();
}
