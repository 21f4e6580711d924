import path from 'node:path';
import { BelayError } from './contracts/errors.ts';
import { absolutePath, homeOf } from './home.ts';
import type { LedgerPlace } from './ledger/open-ledger.ts';
import { Secret, readSecretFile } from './secret.ts';

const POSTGRES = /^postgres(?:ql)?:\/\//;
const ADDRESS = /^\w+:\/\//;

/**
 * Where the ledger is. Needs no other settings: commands that only read are spared the check of them all. `secret`: of that variable, where
 * the caller has it.
 */
export function ledgerPlaceOf(env: NodeJS.ProcessEnv, secret = databaseSecret(env)): LedgerPlace {
  const given = secret?.current();
  if (!given) return { path: path.join(homeOf(env), 'ledger.db') };
  if (POSTGRES.test(given)) return { url: given, ...(secret?.file === undefined ? {} : { urlNow: () => secret.current() ?? given }) };
  if (ADDRESS.test(given)) throw unknownKind();
  return { path: absolutePath(given, env) };
}

function databaseSecret(env: NodeJS.ProcessEnv): Secret | undefined {
  const [name, file] = ['BELAY_DATABASE_URL', env['BELAY_DATABASE_URL_FILE']?.trim()];
  const value = env[name]?.trim();
  if (value) return new Secret({ name, value });
  if (!file) return undefined;
  const place = absolutePath(file, env);
  return new Secret({ name, value: readSecretFile(name, place), file: place, usable: (text) => (POSTGRES.test(text) ? text : undefined) });
}

const unknownKind = (): BelayError =>
  new BelayError({
    code: 'configuration_invalid',
    message: 'BELAY_DATABASE_URL is the address of something that is no Postgres.',
    hint: 'It is a postgres:// address, or the path of an SQLite file.',
  });
