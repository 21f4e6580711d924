import { BelayError } from '../contracts/errors.ts';
import type { BelayErrorOptions } from '../contracts/errors.ts';

type Translation = Pick<BelayErrorOptions, 'code' | 'hint'> & { problem: string };

const UNREACHABLE: Translation = {
  code: 'ledger_unreachable',
  problem: 'does not answer',
  hint: 'It is tried again, and nothing is lost meanwhile. Check that the database runs, and the address in BELAY_DATABASE_URL.',
};

const BUSY: Translation = {
  code: 'ledger_busy',
  problem: 'is kept busy by others',
  hint: 'It is tried again. If this stays, look at what else works in the database.',
};

const FULL: Translation = { code: 'disk_full', problem: 'cannot grow', hint: 'Free some space on the disk of the database.' };

const READ_ONLY: Translation = {
  code: 'ledger_unusable',
  problem: 'takes no changes for now',
  hint: 'See whether it is a standby, or was made read-only for want of room. What workers record is kept meanwhile.',
};

const REFUSED: Translation = {
  code: 'ledger_unusable',
  problem: 'does not let Belay in',
  hint: 'Check user, password and database in BELAY_DATABASE_URL, and what the user may do: docs/database.md lists it.',
};

/** https://www.postgresql.org/docs/current/errcodes-appendix.html, by code or by class. */
const BY_STATE: Record<string, Translation> = {
  '08': UNREACHABLE,
  '57P01': UNREACHABLE,
  '57P02': UNREACHABLE,
  '57P03': UNREACHABLE,
  '57P04': UNREACHABLE,
  '57P05': UNREACHABLE,
  '57014': BUSY,
  '55P03': BUSY,
  '40': BUSY,
  // Its run was deleted at the same moment: the next try sees that.
  '23503': BUSY,
  '53200': BUSY,
  '53300': BUSY,
  '53400': BUSY,
  '25006': READ_ONLY,
  '58': UNREACHABLE,
  '53100': FULL,
  '28': REFUSED,
  '3D000': REFUSED,
  '42501': REFUSED,
};

/** Errors of Node's sockets, and pg's own, which have no code. */
const OF_NETWORK =
  /^(?:ECONN|EPIPE|ENOTFOUND|EAI_|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT|CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;
const WITHOUT_CODE =
  /connection (?:terminated|ended|timeout)|timeout e(?:xpired|xceeded)|read timeout|not queryable|server does not support SSL|client password must be/i;

/** The one place where the errors of Postgres become Belay's. What is not known is passed on as it is. */
export function postgresError({ place, error }: { place: string; error: unknown }): unknown {
  if (!(error instanceof Error) || error instanceof BelayError) return error;
  const known = translationOf(error);
  if (!known) return error;
  const { code, problem, hint } = known;
  return new BelayError({ code, message: `The ledger ${place} ${problem} (${wordsOf(error)}).`, ...(hint ? { hint } : {}), cause: error });
}

/** It has to be waited for: without this process's doing it may be there at the next try. */
export const isAway = (error: unknown): error is BelayError =>
  error instanceof BelayError && (error.code === 'ledger_unreachable' || error.code === 'ledger_behind');

/** It may do better at the next try. */
export const isPassing = (error: unknown): boolean => isAway(error) || (error instanceof BelayError && error.code === 'ledger_busy');

/** About what it was given: it would be the same at every try. */
const OF_DATA = ['22', '23', '42'];

/** Whether the database says so for reasons of its own, which may be over later, and not for what it was given. */
export function isOfDatabase(error: unknown): boolean {
  const { cause } = error instanceof BelayError ? error : { cause: undefined };
  const state = stateOf(cause ?? error);
  const isOwn = isPassing(error) || (error instanceof BelayError && (error.code === 'ledger_unusable' || error.code === 'disk_full'));
  return isOwn || (state !== undefined && !OF_DATA.includes(state.slice(0, 2)));
}

/** https://www.postgresql.org/docs/current/protocol-error-fields.html: five characters, unlike Node's own codes. */
const stateOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;

function translationOf(error: Error): Translation | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === undefined) return WITHOUT_CODE.test(error.message) ? UNREACHABLE : undefined;
  return BY_STATE[code] ?? BY_STATE[code.slice(0, 2)] ?? (OF_NETWORK.test(code) ? UNREACHABLE : undefined);
}

/** A host of several addresses that all refuse has its words in the errors of each. */
const wordsOf = (error: Error): string =>
  error.message || (error instanceof AggregateError ? error.errors.map(String).join('; ') : error.name);
