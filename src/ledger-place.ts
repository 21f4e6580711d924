import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BelayError } from './contracts/errors.ts';
import { absolutePath, homeOf } from './home.ts';
import type { LedgerPlace } from './ledger/open-ledger.ts';

const POSTGRES = /^postgres(?:ql)?:\/\//;
const ADDRESS = /^\w+:\/\//;

/** Where the ledger is. Needs no other settings: commands that only read are spared the check of them all. */
export const ledgerPlaceOf = (env: NodeJS.ProcessEnv): LedgerPlace =>
  placeIn('BELAY_DATABASE_URL', env) ?? { path: path.join(homeOf(env), 'ledger.db') };

/** The same, for who makes its tables. */
export const ownerPlaceOf = (env: NodeJS.ProcessEnv): LedgerPlace => placeIn('BELAY_DATABASE_OWNER_URL', env) ?? ledgerPlaceOf(env);

type Variable = 'BELAY_DATABASE_URL' | 'BELAY_DATABASE_OWNER_URL';

function placeIn(name: Variable, env: NodeJS.ProcessEnv): LedgerPlace | undefined {
  const given = env[name]?.trim() || fileContent(`${name}_FILE`, env);
  if (!given) return undefined;
  if (POSTGRES.test(given)) return { url: given };
  if (ADDRESS.test(given)) throw unknownKind(name);
  return { path: absolutePath(given, env) };
}

const unknownKind = (name: Variable): BelayError =>
  new BelayError({
    code: 'configuration_invalid',
    message: `${name} is the address of something that is no Postgres.`,
    hint: 'It is a postgres:// address, or the path of an SQLite file.',
  });

function fileContent(name: `${Variable}_FILE`, env: NodeJS.ProcessEnv): string | undefined {
  const file = env[name]?.trim();
  if (!file) return undefined;
  try {
    return readFileSync(absolutePath(file, env), 'utf8').trim();
  } catch (error) {
    throw new BelayError({
      code: 'configuration_invalid',
      message: `The file that ${name} names cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'It holds the address of the database, and belongs to whoever runs Belay.',
      cause: error,
    });
  }
}
