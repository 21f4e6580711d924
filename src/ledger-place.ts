import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BelayError } from './contracts/errors.ts';
import { absolutePath, homeOf } from './home.ts';
import type { LedgerPlace } from './ledger/open-ledger.ts';

const POSTGRES = /^postgres(?:ql)?:\/\//;
const ADDRESS = /^\w+:\/\//;

/** Where the ledger is. Needs no other settings: commands that only read are spared the check of them all. */
export function ledgerPlaceOf(env: NodeJS.ProcessEnv): LedgerPlace {
  const given = env['BELAY_DATABASE_URL']?.trim() || fileContent(env['BELAY_DATABASE_URL_FILE']?.trim(), env);
  if (!given) return { path: path.join(homeOf(env), 'ledger.db') };
  if (POSTGRES.test(given)) return { url: given };
  if (ADDRESS.test(given)) throw unknownKind();
  return { path: absolutePath(given, env) };
}

const unknownKind = (): BelayError =>
  new BelayError({
    code: 'configuration_invalid',
    message: 'BELAY_DATABASE_URL is the address of something that is no Postgres.',
    hint: 'It is a postgres:// address, or the path of an SQLite file.',
  });

function fileContent(file: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  if (!file) return undefined;
  try {
    return readFileSync(absolutePath(file, env), 'utf8').trim();
  } catch (error) {
    throw new BelayError({
      code: 'configuration_invalid',
      message: `The file that BELAY_DATABASE_URL_FILE names cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'It holds the address of the database, and belongs to whoever runs Belay.',
      cause: error,
    });
  }
}
