import { readFile } from 'node:fs/promises';
import { BelayError } from './contracts/errors.ts';

/** Where a secret is: in a variable, or in the file that another variable names. The file wins. */
export interface SecretPlace {
  /** Of the variable. */
  name: string;
  value?: string;
  file?: string;
}

/** The secret as it is now: a file may have changed. Throws `BelayError` configuration_invalid. */
export async function readSecret({ name, value, file }: SecretPlace): Promise<string> {
  if (file === undefined) return value ?? '';
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new BelayError({
      code: 'configuration_invalid',
      message: `The file of ${name}_FILE cannot be read (${cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'}).`,
      hint: 'Check its path, and that Belay may read it.',
      cause,
    });
  });
  if (text.trim() !== '') return text.trim();
  throw new BelayError({ code: 'configuration_invalid', message: `The file of ${name}_FILE is empty.`, hint: 'Write the secret into it.' });
}
