import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import type { RunPageQuery } from '../../src/contracts/service-records.ts';
import type { LedgerPlace } from '../../src/ledger/open-ledger.ts';
import { pageOfIds } from '../../src/ledger/run-pages.ts';
import type { LedgerTables } from '../../src/ledger/schema.ts';
import { sqliteDialect } from '../../src/ledger/sqlite.ts';
import type { FreshLedger } from './fresh-ledger.ts';

/** How a database means to find a page. */
export interface Plan {
  text: string;
  /** Whole tables that it reads, with all that is in a row. */
  scans: string[];
  /** How many bytes a row has of what it sorts; SQLite sorts what is selected, which is told by nothing. */
  sortedWidths: number[];
}

export interface Queries extends AsyncDisposable {
  planOf(query: RunPageQuery): Promise<Plan>;
}

export function queriesOf(place: LedgerPlace): Queries {
  const isPostgres = 'url' in place;
  const dialect = isPostgres ? new PostgresDialect({ pool: new Pool({ connectionString: place.url }) }) : sqliteDialect(place);
  const db = new Kysely<LedgerTables>({ dialect });
  return {
    async planOf(query) {
      const { sql, parameters } = pageOfIds(db, query).compile();
      const explain = { sql: `explain ${isPostgres ? '' : 'query plan '}${sql}`, parameters };
      const { rows } = await db.executeQuery<Record<string, unknown>>({ ...pageOfIds(db, query).compile(), ...explain });
      const lines = rows.map((row) => String(row['QUERY PLAN'] ?? row['detail']));
      return {
        text: `${sql}\n${lines.join('\n')}`,
        scans: lines.filter((line) => /Seq Scan on runs|SCAN runs(?! USING COVERING INDEX)/.test(line)),
        sortedWidths: lines.filter((line) => /Sort +\(/.test(line)).map((line) => Number(/width=(\d+)/.exec(line)?.[1])),
      };
    },
    [Symbol.asyncDispose]: () => db.destroy(),
  };
}

/** Closed runs of several kinds, each with a view as long as a real one. */
export async function fillWithRuns({ rows, place }: Pick<FreshLedger, 'rows' | 'place'>, count: number): Promise<void> {
  const hour = 'url' in place ? "lpad((n % 24)::text, 2, '0')" : "printf('%02d', n % 24)";
  await rows("insert into pipelines (name, kind, first_seen) values ('sdlc', 'built-in', ''), ('plan', 'built-in', '')");
  await rows(`insert into repositories (slug, created_at)
    with recursive numbers(n) as (select 0 union all select n + 1 from numbers where n < 19) select 'acme/r' || n, '' from numbers`);
  await rows(`
    insert into runs (id, is_stub, workflow_id, pipeline, status, repository, issue_key, cost_usd, triggered_by, view_version, created_at, updated_at, view)
    with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < ${count})
    select 'x' || n, 0, 'w', case n % 5 when 0 then 'plan' else 'sdlc' end, case n % 10 when 0 then 'parked' else 'completed' end,
      'acme/r' || (n % 20), '' || (n % 100), n % 97, case n % 3 when 0 then 'ada' else 'bob' end, 1,
      '2026-11-20T' || ${hour} || ':00:00.000Z', '2026-11-21T' || ${hour} || ':00:00.000Z', '{"text":"${'x'.repeat(4000)}"}'
    from numbers`);
  await rows('analyze');
}
