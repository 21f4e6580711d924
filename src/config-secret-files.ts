import { readFileSync } from 'node:fs';
import { VARIABLE_NAMES, variableDoc } from './config-variables.ts';
import type { VariableName } from './config-variables.ts';
import { BelayError } from './contracts/errors.ts';
import { absolutePath } from './home.ts';

/** Of which variable a name is the file, such as GITHUB_TOKEN_FILE: how containers are given secrets. Some have a setting of their own for that. */
export function secretOfFile(name: string): VariableName | undefined {
  if (VARIABLE_NAMES.some((known) => known === name)) return undefined;
  return VARIABLE_NAMES.find((known) => `${known}_FILE` === name && variableDoc(known).secret);
}

/** The text of a secret's file, where one is named. Throws `BelayError` configuration_invalid where it cannot be read. */
export function secretFromFile(name: VariableName, env: NodeJS.ProcessEnv): string | undefined {
  const variable = `${name}_FILE`;
  const file = env[variable]?.trim();
  if (!file || secretOfFile(variable) === undefined) return undefined;
  try {
    return readFileSync(absolutePath(file, env), 'utf8').trim();
  } catch (error) {
    throw new BelayError({
      code: 'configuration_invalid',
      message: `The file that ${variable} names cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'It holds the secret alone, and whoever runs Belay may read it.',
      cause: error,
    });
  }
}
