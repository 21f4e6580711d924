import type { Store } from './flavour.ts';
import type { ServiceLedger } from './service-ledger.ts';

/** Which events of issues have started runs: so that none starts a second one. */
export function triggerQueries({ db }: Store): Pick<ServiceLedger, 'rememberTrigger' | 'forgetTrigger' | 'lastTrigger'> {
  return {
    async rememberTrigger({ repository, issueKey, event, runId, at }) {
      const remembered = await db
        .insertInto('triggers')
        .values({ repository, issue_key: issueKey, event, run_id: runId ?? null, at })
        .onConflict((conflict) => conflict.doNothing())
        .returning('event')
        .executeTakeFirst();
      if (remembered) return true;
      if (runId !== undefined) {
        await db
          .updateTable('triggers')
          .set({ run_id: runId })
          .where('repository', '=', repository)
          .where('issue_key', '=', issueKey)
          .where('event', '=', event)
          .where('run_id', 'is', null)
          .execute();
      }
      return false;
    },
    async forgetTrigger({ repository, issueKey, event }) {
      await db
        .deleteFrom('triggers')
        .where('repository', '=', repository)
        .where('issue_key', '=', issueKey)
        .where('event', '=', event)
        .execute();
    },
    async lastTrigger({ repository, issueKey }) {
      const row = await db
        .selectFrom('triggers')
        .selectAll()
        .where('repository', '=', repository)
        .where('issue_key', '=', issueKey)
        .orderBy('at', 'desc')
        .orderBy('event', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row && { repository, issueKey, event: row.event, ...(row.run_id === null ? {} : { runId: row.run_id }), at: row.at };
    },
  };
}
