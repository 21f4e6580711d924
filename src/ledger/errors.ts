import { BelayError } from '../contracts/errors.ts';
import type { BelayErrorOptions } from '../contracts/errors.ts';

type Translation = Pick<BelayErrorOptions, 'code' | 'hint'> & { problem: string };

const BUSY: Translation = {
  code: 'ledger_busy',
  problem: 'is kept busy by another process',
  hint: 'It is tried again. If this stays, look for a stopped belay process that has the file open.',
};

const CORRUPT: Translation = {
  code: 'ledger_unusable',
  problem: 'is damaged or is not a ledger',
  hint: 'Move the file away: Belay begins a new one, and runs that are under way record themselves in it again.',
};

const FULL: Translation = {
  code: 'disk_full',
  problem: 'cannot grow',
  hint: 'Free some disk space; `belay clean` removes what old runs left.',
};

const CLOSED_TO_US: Translation = {
  code: 'ledger_unusable',
  problem: 'cannot be opened for writing',
  hint: 'Check that its folder exists and that the file belongs to you; BELAY_HOME says where it is looked for.',
};

/** SQLite's primary result codes: https://sqlite.org/rescode.html */
const BY_RESULT_CODE: Record<number, Translation> = {
  5: BUSY,
  6: BUSY,
  8: CLOSED_TO_US,
  11: CORRUPT,
  13: FULL,
  14: CLOSED_TO_US,
  26: CORRUPT,
};

/** The one place where the database's errors become Belay's. What is not known is passed on as it is. */
export function ledgerError({ path, error }: { path: string; error: unknown }): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error;
  // Extended codes carry the primary one in the low byte.
  const known = BY_RESULT_CODE[error.errcode & 0xff];
  if (!known) return error;
  const { code, problem, hint } = known;
  return new BelayError({ code, message: `The ledger ${path} ${problem} (${error.message}).`, ...(hint ? { hint } : {}), cause: error });
}

/** A database that a later version of Belay has widened. */
export function newerLedger({ place, migrations }: { place: string; migrations: readonly string[] }): BelayError {
  return new BelayError({
    code: 'ledger_unusable',
    message: `The ledger ${place} was written by a newer Belay (it has ${migrations.join(', ')}).`,
    hint: 'Use that version of Belay, or another BELAY_HOME (or BELAY_DATABASE_URL).',
  });
}

/** A Postgres whose tables are not those of this version, or not for this user, who may not change that. */
export function behindLedger({ place, missing, cause }: { place: string; missing: readonly string[]; cause?: unknown }): BelayError {
  const what = missing.length > 0 ? `has not been migrated (${missing.join(', ')})` : 'does not let its user at the tables';
  const command = missing.length > 0 ? '`belay ledger migrate`' : '`belay ledger grant ROLE`';
  return new BelayError({
    code: 'ledger_behind',
    message: `The ledger ${place} ${what}, and the user in BELAY_DATABASE_URL may not do that.`,
    hint: `Run ${command} with BELAY_DATABASE_OWNER_URL, the address with the owner of the tables. Processes that wait for it go on then.`,
    ...(cause === undefined ? {} : { cause }),
  });
}
