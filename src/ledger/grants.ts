import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { BelayError } from '../contracts/errors.ts';
import { EXPIRE_AUDIT } from './row-security-migration.ts';
import type { LedgerTables } from './schema.ts';

type Database = Kysely<LedgerTables>;

/** Tables that an application does not do everything with. What is not here it reads, and adds to, changes and deletes from. */
const LESS: Record<string, string> = {
  kysely_migration: 'select',
  kysely_migration_lock: 'select',
  audit: 'select, insert',
  audit_start: 'select',
};

/**
 * Lets a role do what processes of Belay do, and nothing else: it makes, alters and drops no table, and takes nothing out of the audit but
 * through the function that retention uses. Gives what may still be too much, in words. Throws invalid_input for a role that cannot be held
 * to it.
 */
export async function grantTo(db: Database, role: string): Promise<string[]> {
  const { schema, ...about } = await aboutRole(db, role);
  const [name, inSchema] = [sql.id(role), sql.id(schema)];
  await sql`grant usage on schema ${inSchema} to ${name}`.execute(db);
  for (const table of await tablesOf(db)) {
    const [of, rights] = [sql.id(schema, table), sql.raw(LESS[table] ?? 'select, insert, update, delete')];
    await sql`revoke all on table ${of} from ${name}`.execute(db);
    await sql`grant ${rights} on table ${of} to ${name}`.execute(db);
  }
  await sql`grant execute on function ${sql.id(schema, EXPIRE_AUDIT)}(text) to ${name}`.execute(db);
  return about.mayCreate
    ? [`${role} may still make tables in the schema ${schema}: \`revoke create on schema ${schema} from public, ${role}\` ends that.`]
    : [];
}

/**
 * After a migration: who had been granted the tables that there were is granted those that came; nobody who works meanwhile is without their
 * rights. Gives, in words, who could not be granted them: the others are all the same.
 */
export async function grantAgain(db: Database): Promise<string[]> {
  const { rows } = await sql<{ role: string }>`
    select distinct pg_get_userbyid(granted.grantee) as role
    from pg_proc, aclexplode(proacl) as granted
    where pg_proc.oid = to_regproc(${EXPIRE_AUDIT}) and granted.grantee not in (0, proowner)`.execute(db);
  const refusals: string[] = [];
  for (const { role } of rows) {
    try {
      await db.transaction().execute((transaction) => grantTo(transaction, role));
    } catch (error) {
      if (!(error instanceof BelayError) || error.code !== 'invalid_input') throw error;
      refusals.push(error.message);
    }
  }
  return refusals;
}

interface AboutRole {
  schema: string;
  mayCreate: boolean;
}

async function aboutRole(db: Database, role: string): Promise<AboutRole> {
  const { rows } = await sql<AboutRole & { isAbove: boolean; isOwner: boolean }>`
    select current_schema() as schema, rolsuper or rolbypassrls as "isAbove",
      (select pg_has_role(pg_roles.oid, relowner, 'USAGE') from pg_class where oid = to_regclass('runs')) as "isOwner",
      has_schema_privilege(pg_roles.oid, current_schema(), 'CREATE') as "mayCreate"
    from pg_roles where rolname = ${role}`.execute(db);
  const found = rows[0];
  if (!found) throw refused(`There is no role ${role}`, `Make it first: create role "${role}" login password '…'.`);
  if (found.isAbove) throw refused(`The role ${role} is above all rights`, 'Take one that is no superuser and has no BYPASSRLS.');
  if (found.isOwner) throw refused(`The tables belong to the role ${role}`, 'Take another one: an owner always has all rights.');
  return found;
}

async function tablesOf(db: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class
    where relnamespace = current_schema()::regnamespace and relkind = 'r'
      and relowner = (select relowner from pg_class where oid = to_regclass('runs'))
    order by relname`.execute(db);
  return rows.map(({ name }) => name);
}

const refused = (what: string, hint: string): BelayError => new BelayError({ code: 'invalid_input', message: `${what}.`, hint });
