import { createHash } from 'node:crypto';
import type { Kysely, Selectable } from 'kysely';
import type { AuditEntry, AuditRecord, AuditVerdict } from '../contracts/service-records.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import type { Store } from './flavour.ts';
import type { LedgerTables } from './schema.ts';
import type { ServiceLedger } from './service-ledger.ts';
import type { AuditTable } from './service-schema.ts';

const ROWS_A_LOOK = 1000;
/** What the first entry follows. */
const BEGINNING = { id: 0, hash: '' };

type Link = Pick<AuditRecord, 'id' | 'hash'>;

/** Who did what. Each entry's hash covers it and the hash before: none can be changed or taken out without all after it. */
export function auditQueries({ db, flavour }: Store): Pick<ServiceLedger, 'appendAudit' | 'listAudit' | 'verifyAudit'> {
  return {
    appendAudit: (entry) =>
      db.transaction().execute(async (transaction) => {
        await flavour.takeTurn(transaction, 'audit');
        const last = await transaction.selectFrom('audit').select(['id', 'hash']).orderBy('id', 'desc').limit(1).executeTakeFirst();
        const before = last ?? (await startOf(transaction));
        const row = { id: before.id + 1, ...rowOf(entry) };
        const hash = hashOf(row, before);
        await transaction
          .insertInto('audit')
          .values({ ...row, hash })
          .execute();
        return recordOf({ ...row, hash });
      }),
    async listAudit({ after, before, descending = false, limit, runId }) {
      let query = db.selectFrom('audit').selectAll();
      if (after !== undefined) query = query.where('id', '>', after);
      if (before !== undefined) query = query.where('id', '<', before);
      if (runId !== undefined) query = query.where('run_id', '=', runId);
      const order = descending ? 'desc' : 'asc';
      return (await query.orderBy('id', order).limit(limit).execute()).map(recordOf);
    },
    verifyAudit: () => verify(db),
  };
}

/** What has been removed for its age is where the chain begins. */
async function startOf(db: Kysely<LedgerTables>): Promise<Link> {
  return (await db.selectFrom('audit_start').selectAll().orderBy('id', 'desc').limit(1).executeTakeFirst()) ?? BEGINNING;
}

async function verify(db: Kysely<LedgerTables>): Promise<AuditVerdict> {
  const begun = await startOf(db);
  let last = begun;
  for (let entries = 0; ;) {
    const rows = await db.selectFrom('audit').selectAll().where('id', '>', last.id).orderBy('id').limit(ROWS_A_LOOK).execute();
    if (rows.length === 0) return { entries, ...(last.hash === '' ? {} : { head: last.hash }) };
    for (const { hash, ...row } of rows) {
      entries++;
      if (row.id !== last.id + 1 || hashOf(row, last) !== hash) {
        // The beginning may have been removed for its age meanwhile.
        const now = await startOf(db);
        return now.id > begun.id ? verify(db) : { entries, brokenAt: last.id + 1 };
      }
      last = { id: row.id, hash };
    }
  }
}

type Unhashed = Omit<Selectable<AuditTable>, 'hash'>;

/** The columns' names in alphabetical order make it the same JSON for the same entry. */
function hashOf(row: Unhashed, before: Link): string {
  const canonical = JSON.stringify(Object.fromEntries(Object.entries(row).toSorted(([one], [other]) => (one < other ? -1 : 1))));
  return createHash('sha256').update(`${before.hash}\n${canonical}`).digest('hex');
}

/** As databases give it back: what is hashed has to be what they keep. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD');

function rowOf({ at, actor, role, source, address, action, target, runId, detail }: AuditEntry): Omit<Unhashed, 'id'> {
  return {
    at,
    actor: storable(actor),
    role,
    source,
    address: address ?? null,
    action,
    target: target === undefined ? null : storable(target),
    run_id: runId ?? null,
    detail: detail ? JSON.stringify(detail) : null,
  };
}

function recordOf({ id, at, actor, role, source, address, action, target, run_id, detail, hash }: Selectable<AuditTable>): AuditRecord {
  const about = withoutUndefined({ address: address ?? undefined, target: target ?? undefined, runId: run_id ?? undefined });
  return {
    id,
    at,
    actor,
    role,
    source,
    action,
    ...about,
    ...(detail === null ? {} : { detail: JSON.parse(detail) as AuditEntry['detail'] & object }),
    hash,
  };
}
