import type { Selectable } from 'kysely';
import { BelayError } from '../contracts/errors.ts';
import type { CommentRecord } from '../contracts/service-records.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { tell } from './events.ts';
import type { Store } from './flavour.ts';
import { unknownRun } from './runs.ts';
import type { CommentsTable } from './service-schema.ts';
import type { ServiceLedger } from './service-ledger.ts';

/** What people, and others, note on runs and steps. */
export function commentQueries({ db, flavour }: Store): Pick<ServiceLedger, 'addComment' | 'listComments'> {
  return {
    addComment: ({ runId, step, author, text, metadata, createdAt }) =>
      db.transaction().execute(async (transaction) => {
        const run = transaction.selectFrom('runs').select('id').where('id', '=', runId).modifyEnd(flavour.kept);
        if (!(await run.executeTakeFirst())) throw unknownRun(runId);
        if (step !== undefined) {
          const on = transaction.selectFrom('steps').select('id').where('run_id', '=', runId).where('number', '=', step);
          if (!(await on.modifyEnd(flavour.kept).executeTakeFirst())) throw unknownStep(runId, step);
        }
        const row = {
          run_id: runId,
          step: step ?? null,
          author,
          text,
          metadata: metadata ? JSON.stringify(metadata) : null,
          created_at: createdAt,
        };
        const { id } = await transaction.insertInto('comments').values(row).returning('id').executeTakeFirstOrThrow();
        await tell({ transaction, flavour }, { runId, type: 'comment.added', data: withoutUndefined({ id, step, author }) });
        return commentOf({ id, ...row });
      }),
    async listComments({ runId, step }) {
      let query = db.selectFrom('comments').selectAll().where('run_id', '=', runId);
      if (step !== undefined) query = query.where('step', '=', step);
      return (await query.orderBy('id').execute()).map(commentOf);
    },
  };
}

function commentOf({ id, run_id: runId, step, author, text, metadata, created_at: createdAt }: Selectable<CommentsTable>): CommentRecord {
  return {
    id,
    runId,
    ...(step === null ? {} : { step }),
    author,
    text,
    ...(metadata === null ? {} : { metadata: JSON.parse(metadata) as Record<string, unknown> }),
    createdAt,
  };
}

const unknownStep = (runId: string, step: number): BelayError =>
  new BelayError({ code: 'invalid_input', message: `The run ${runId} has no step ${step}.`, hint: '`belay show` lists its steps.' });
