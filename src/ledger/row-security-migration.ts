import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { isPostgres } from './column-types.ts';
import type { Turn } from './flavour.ts';

/** The setting of a transaction that says whose rows there are for it: `owner/name` as JSON. Without it, or empty: everybody's. */
export const SCOPE = 'belay.repositories';
/** The one way in which entries of the audit go. */
export const EXPIRE_AUDIT = 'belay_expire_audit';
/** Names of advisory locks: any number that is ours. */
export const LOCKS = 0x62_65_6c_61;
export const MIGRATION_LOCK = 1;
export const TURNS: Record<Turn, number> = { events: 2, audit: 3 };

/** By the column that says whose they are. */
const BY_REPOSITORY = { repositories: 'slug', runs: 'repository', deliveries: 'repository', triggers: 'repository' };
const OF_RUNS = ['phases', 'steps', 'sessions', 'artifacts', 'logs', 'epochs', 'versions', 'effects', 'comments', 'events'];
/** About more than single repositories. */
const OF_ALL = ['audit', 'audit_start', 'api_tokens', 'idempotency_keys', 'hosts'];

/** Asked once a statement, not once a row. */
const UNSCOPED = `coalesce((select current_setting('${SCOPE}', true)), '') = ''`;
const SCOPED_TO = `array(select jsonb_array_elements_text(nullif(current_setting('${SCOPE}', true), '')::jsonb) collate "C")`;

/**
 * Postgres's part of the access control: a second line behind the filters of the queries. It holds for the owner of the tables too, but
 * for no superuser. SQLite has nothing of the kind.
 */
export async function secureRows(db: Kysely<unknown>): Promise<void> {
  if (!isPostgres(db)) return;
  for (const [table, column] of Object.entries(BY_REPOSITORY)) await secure(db, table, `"${column}" = any (${SCOPED_TO})`);
  // What a transaction sees of runs is what their policy lets it see.
  for (const table of OF_RUNS) await secure(db, table, `exists (select from runs where runs.id = ${table}.run_id)`);
  for (const table of OF_ALL) await secure(db, table);
  await createExpireAudit(db);
}

/** Also what is written has to be of these repositories. */
async function secure(db: Kysely<unknown>, table: string, isTheirs = 'false'): Promise<void> {
  await sql`alter table ${sql.table(table)} enable row level security`.execute(db);
  await sql`alter table ${sql.table(table)} force row level security`.execute(db);
  const condition = sql.raw(`${UNSCOPED} or ${isTheirs}`);
  await sql`create policy ${sql.id(`${table}_of_repositories`)} on ${sql.table(table)} using (${condition})`.execute(db);
}

/**
 * Entries of the audit go for their age, from the beginning on, and never those of the last day: with the rights of the tables' owner, for
 * users who may not delete there.
 */
async function createExpireAudit(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ schema: string }>`select quote_ident(current_schema()) as schema`.execute(db);
  await sql`
    create function ${sql.id(EXPIRE_AUDIT)}(before text) returns bigint language plpgsql security definer
    set search_path = ${sql.raw(rows[0]?.schema ?? 'public')}, pg_temp as ${sql.lit(EXPIRE)}`.execute(db);
  await sql`revoke execute on function ${sql.id(EXPIRE_AUDIT)}(text) from public`.execute(db);
}

const EXPIRE = `
declare
  last audit%rowtype;
  gone bigint;
begin
  before := least(before, to_char((now() - interval '1 day') at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'));
  perform pg_advisory_xact_lock(${LOCKS}, ${TURNS.audit});
  select * into last from audit where id < coalesce((select min(id) from audit where at >= before), 9223372036854775807) order by id desc limit 1;
  if last.id is null then return 0; end if;
  delete from audit where id <= last.id;
  get diagnostics gone = row_count;
  delete from audit_start;
  insert into audit_start (id, hash) values (last.id, last.hash);
  return gone;
end`;
