import type { Kysely, Transaction } from 'kysely';
import type { LogEntry } from '../contracts/records.ts';
import type { Store } from './flavour.ts';
import type { Ledger, LogQuery, StoredLogEntry } from './ledger.ts';
import { ensureRun } from './parents.ts';
import type { LedgerTables, LogsTable } from './schema.ts';

const DEFAULT_LIMIT = 1000;
/** Nine values a row; databases bound the values of one statement (SQLite to 32,766). */
const ROWS_A_STATEMENT = 500;

/** The log of a run, in the order in which it was recorded. */
export function logQueries({ db, flavour }: Store): Pick<Ledger, 'appendLogs' | 'readLogs'> {
  return {
    async appendLogs(entries) {
      if (entries.length === 0) return;
      const byRun = Map.groupBy(entries, ({ runId }) => runId);
      await db.transaction().execute(async (transaction) => {
        // Always in the same order, for each run's next position is for one writer at a time.
        for (const [runId, ofRun] of [...byRun].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
          if (await ensureRun({ transaction, runId, lock: flavour.held })) await append(transaction, runId, ofRun);
        }
      });
    },
    readLogs: (query) => readLogs(db, query),
  };
}

async function append(db: Transaction<LedgerTables>, runId: string, entries: readonly LogEntry[]): Promise<void> {
  const last = await db
    .selectFrom('logs')
    .select(({ fn }) => fn.max('position').as('position'))
    .where('run_id', '=', runId)
    .executeTakeFirst();
  const start = (last?.position ?? 0) + 1;
  for (let done = 0; done < entries.length; done += ROWS_A_STATEMENT) {
    const rows = entries.slice(done, done + ROWS_A_STATEMENT).map((entry, index) => logRow(entry, start + done + index));
    await db
      .insertInto('logs')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['run_id', 'source', 'seq']).doNothing())
      .execute();
  }
}

async function readLogs(db: Kysely<LedgerTables>, { runId, after = 0, limit = DEFAULT_LIMIT }: LogQuery): Promise<StoredLogEntry[]> {
  const rows = await db
    .selectFrom('logs')
    .selectAll()
    .where('run_id', '=', runId)
    .where('position', '>', after)
    .orderBy('position')
    .limit(limit)
    .execute();
  return rows.map(entryOf);
}

function logRow({ runId, source, seq, at, level, phase, step, message }: LogEntry, position: number): LogsTable {
  return { run_id: runId, position, source, seq, at, level, phase: phase ?? null, step: step ?? null, message };
}

function entryOf({ run_id: runId, position, source, seq, at, level, phase, step, message }: LogsTable): StoredLogEntry {
  const where = { ...(phase === null ? {} : { phase }), ...(step === null ? {} : { step }) };
  return { runId, position, source, seq, at, level, ...where, message };
}
