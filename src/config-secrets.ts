import { VARIABLE_NAMES, usableValue, variableDoc } from './config-variables.ts';
import type { VariableName } from './config-variables.ts';
import { absolutePath } from './home.ts';
import { isPostgres } from './ledger-place.ts';
import { Secret, readSecretFile } from './secret.ts';

/** By the names of their variables: those that are set. */
export type Secrets = Partial<Record<VariableName, Secret>>;

/** All variables that hold secrets. */
export const SECRET_NAMES: readonly VariableName[] = VARIABLE_NAMES.filter((name) => variableDoc(name).secret);
/** While a secret is changed there may be one before it; when that is over, its file is emptied or taken away. */
const MAY_END: readonly VariableName[] = ['GITHUB_WEBHOOK_SECRET_PREVIOUS'];

/** Nearly any text names an SQLite file. */
const DATABASES: readonly VariableName[] = ['BELAY_DATABASE_URL', 'BELAY_DATABASE_OWNER_URL'];

/** Of which variable a name is the file, such as GITHUB_TOKEN_FILE: how containers are given secrets. */
export const secretOfFile = (name: string): VariableName | undefined => SECRET_NAMES.find((known) => `${known}_FILE` === name);

/** The text of a secret's file, where one is named and the variable itself is not set. Throws `BelayError` configuration_invalid. */
export function secretFromFile(name: VariableName, env: NodeJS.ProcessEnv): string | undefined {
  const file = fileOf(name, env);
  if (file === undefined) return undefined;
  if (MAY_END.includes(name)) return new Secret({ name, value: undefined, file, mayEnd: true }).current();
  return readSecretFile(name, file) || undefined;
}

/** What is said of files that are empty when the process starts: as an empty variable, they mean that it is unset. */
export const emptySecrets = (values: Partial<Record<VariableName, unknown>>, env: NodeJS.ProcessEnv): string[] =>
  SECRET_NAMES.filter((name) => !MAY_END.includes(name) && values[name] === undefined && fileOf(name, env) !== undefined).map(
    (name) => `The file that ${name}_FILE names is empty: ${name} counts as unset.`,
  );

/** With the values of the start: a file that has changed since is read where its secret is used. */
export function openSecrets(values: Partial<Record<VariableName, unknown>>, env: NodeJS.ProcessEnv): Secrets {
  const opened = SECRET_NAMES.map((name): [VariableName, Secret] | undefined => {
    const [value, file] = [values[name], fileOf(name, env)];
    if (value === undefined && !(file !== undefined && MAY_END.includes(name))) return undefined;
    const given = typeof value === 'string' ? value : undefined;
    const isLost = (text: string): boolean => DATABASES.includes(name) && given !== undefined && isPostgres(given) && !isPostgres(text);
    const usable = (text: string): string | undefined => (isLost(text) ? undefined : usableValue(name, text));
    return [name, new Secret({ name, value: given, file, usable, mayEnd: MAY_END.includes(name) })];
  });
  return Object.fromEntries(opened.filter((entry) => entry !== undefined));
}

/** A variable that is set itself comes before its file. */
function fileOf(name: VariableName, env: NodeJS.ProcessEnv): string | undefined {
  const file = env[`${name}_FILE`]?.trim();
  return file && !env[name]?.trim() && SECRET_NAMES.includes(name) ? absolutePath(file, env) : undefined;
}
