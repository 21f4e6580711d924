import type { Selectable } from 'kysely';
import { BelayError } from '../contracts/errors.ts';
import type { TokenRecord } from '../contracts/service-records.ts';
import type { Store } from './flavour.ts';
import type { ServiceLedger } from './service-ledger.ts';
import type { TokensTable } from './service-schema.ts';

/** Who may call the API. */
export function tokenQueries({
  db,
}: Store): Pick<ServiceLedger, 'createToken' | 'findToken' | 'listTokens' | 'revokeToken' | 'touchToken'> {
  return {
    async createToken({ id, name, hash, role, repositories, createdAt, expiresAt }) {
      const created = await db
        .insertInto('api_tokens')
        .values({
          id,
          name,
          hash,
          role,
          repositories: repositories && JSON.stringify(repositories),
          created_at: createdAt,
          expires_at: expiresAt ?? null,
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      if (!created) throw taken(name);
    },
    async findToken(hash) {
      const row = await db.selectFrom('api_tokens').selectAll().where('hash', '=', hash).executeTakeFirst();
      return row && tokenOf(row);
    },
    async listTokens() {
      const rows = await db.selectFrom('api_tokens').selectAll().orderBy('name').orderBy('created_at').orderBy('id').execute();
      return rows.map(tokenOf);
    },
    async revokeToken(idOrName, at) {
      const revoked = await db
        .updateTable('api_tokens')
        .set({ revoked_at: at })
        .where('revoked_at', 'is', null)
        .where(({ eb, or }) => or([eb('id', '=', idOrName), eb('name', '=', idOrName)]))
        .returning('id')
        .execute();
      return revoked.length > 0;
    },
    async touchToken(id, at) {
      await db.updateTable('api_tokens').set({ last_used_at: at }).where('id', '=', id).execute();
    },
  };
}

function tokenOf(row: Selectable<TokensTable>): TokenRecord {
  return {
    id: row.id,
    name: row.name,
    hash: row.hash,
    role: row.role,
    repositories: row.repositories === null ? null : (JSON.parse(row.repositories) as string[]),
    createdAt: row.created_at,
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
    ...(row.last_used_at === null ? {} : { lastUsedAt: row.last_used_at }),
  };
}

const taken = (name: string): BelayError =>
  new BelayError({
    code: 'invalid_input',
    message: `There is a token called '${name}' already.`,
    hint: 'Revoke that one first, or choose another name.',
  });
