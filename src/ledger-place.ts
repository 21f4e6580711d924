import path from 'node:path';
import { BelayError } from './contracts/errors.ts';
import { absolutePath, homeOf } from './home.ts';
import type { LedgerPlace } from './ledger/open-ledger.ts';
import { Secret, readSecretFile } from './secret.ts';

/** A Postgres, by its address: there a process stays, whatever a half written file may say later. */
export const isPostgres = (text: string): boolean => /^postgres(?:ql)?:\/\//.test(text);

const ADDRESS = /^\w+:\/\//;

/**
 * Where the ledger is. Needs no other settings: commands that only read are spared the check of them all. `secret`: of that variable, where
 * the caller has it.
 */
export const ledgerPlaceOf = (env: NodeJS.ProcessEnv, secret = databaseSecret('BELAY_DATABASE_URL', env)): LedgerPlace =>
  placeIn(secret, env) ?? { path: path.join(homeOf(env), 'ledger.db') };

/** The same, for who makes its tables. */
export const ownerPlaceOf = (env: NodeJS.ProcessEnv): LedgerPlace =>
  placeIn(databaseSecret('BELAY_DATABASE_OWNER_URL', env), env) ?? ledgerPlaceOf(env);

function placeIn(secret: Secret | undefined, env: NodeJS.ProcessEnv): LedgerPlace | undefined {
  const given = secret?.current();
  if (!secret || !given) return undefined;
  if (isPostgres(given)) return { url: given, ...(secret.file === undefined ? {} : { urlNow: () => secret.current() ?? given }) };
  if (ADDRESS.test(given)) throw unknownKind(secret.name);
  return { path: absolutePath(given, env) };
}

function databaseSecret(name: 'BELAY_DATABASE_URL' | 'BELAY_DATABASE_OWNER_URL', env: NodeJS.ProcessEnv): Secret | undefined {
  const [value, file] = [env[name]?.trim(), env[`${name}_FILE`]?.trim()];
  if (value) return new Secret({ name, value });
  if (!file) return undefined;
  const place = absolutePath(file, env);
  return new Secret({ name, value: readSecretFile(name, place), file: place, usable: (text) => (isPostgres(text) ? text : undefined) });
}

const unknownKind = (name: string): BelayError =>
  new BelayError({
    code: 'configuration_invalid',
    message: `${name} is the address of something that is no Postgres.`,
    hint: 'It is a postgres:// address, or the path of an SQLite file.',
  });
