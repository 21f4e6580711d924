import { BelayError } from '../contracts/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** Who holds new runs back, and since when (ISO-8601 UTC). */
export interface IntakePause {
  by: string;
  at: string;
}

type PauseLedger = Pick<Ledger, 'readBreaker' | 'writeBreaker'>;

/** Kept as what breakers are: a state that keeps work away, and that all who share the ledger share. */
const KEY = 'intake';
/** Others write between reading and writing, each of them once. */
const MAX_TRIES = 20;

/** Undefined where runs may begin. */
export async function readIntakePause(ledger: PauseLedger): Promise<IntakePause | undefined> {
  const row = await ledger.readBreaker(KEY);
  return row && ((JSON.parse(row.state) as IntakePause | null) ?? undefined);
}

/** Holds new runs back, by whatever way they would begin, or lets them begin again. Runs that are open are left alone. */
export async function writeIntakePause(ledger: PauseLedger, pause: IntakePause | undefined): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const row = await ledger.readBreaker(KEY);
    if (await ledger.writeBreaker({ key: KEY, state: JSON.stringify(pause ?? null), version: (row?.version ?? 0) + 1 })) return;
  }
  throw new Error(`The state of the intake was changed by others ${MAX_TRIES} times in a row.`);
}

/** Throws intake_paused. */
export async function requireIntake(ledger: PauseLedger): Promise<void> {
  const pause = await readIntakePause(ledger);
  if (!pause) return;
  throw new BelayError({
    code: 'intake_paused',
    message: `No run begins here: ${pause.by} has paused the intake at ${pause.at.slice(0, 16).replace('T', ' ')} UTC.`,
  });
}
