import { resolve } from 'node:path';
import type { Kysely } from 'kysely';
import type { LedgerTables } from './schema.ts';

interface Shared {
  db: Promise<Kysely<LedgerTables>>;
  users: number;
}

const OPEN = new Map<string, Shared>();

/**
 * One connection for all of a process that open the same file. A second one would wait for the first's transaction, and its wait blocks
 * the process, so that the transaction never ends.
 */
export async function shareDatabase(
  path: string,
  open: () => Promise<Kysely<LedgerTables>>,
): Promise<{ db: Kysely<LedgerTables>; close: () => Promise<void> }> {
  const key = resolve(path);
  const shared = OPEN.get(key) ?? { db: open(), users: 0 };
  OPEN.set(key, shared);
  shared.users++;
  let isIn = true;
  const leave = (): boolean => {
    if (!isIn) return false;
    isIn = false;
    shared.users--;
    if (shared.users > 0) return false;
    if (OPEN.get(key) === shared) OPEN.delete(key);
    return true;
  };
  try {
    const db = await shared.db;
    return { db, close: async () => (leave() ? db.destroy() : undefined) };
  } catch (error) {
    leave();
    throw error;
  }
}
