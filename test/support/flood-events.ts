import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** So many events of 4 KB, as fast as the database takes them: thousands are more than what sockets hold. */
export function floodEvents({ home, runId, count }: { home: string; runId: string; count: number }): void {
  using database = new DatabaseSync(join(home, 'ledger.db'));
  database
    .prepare(
      `with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ?)
       insert into events (run_id, type, at, data) select ?, 'step.updated', '2026-11-20T10:00:00.000Z', ? from numbers`,
    )
    .run(count, runId, JSON.stringify({ text: 'x'.repeat(4000) }));
}
