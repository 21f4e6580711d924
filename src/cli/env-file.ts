import { open } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import { envFile } from '../config-documentation.ts';
import type { VariableName } from '../config-variables.ts';
import { BelayError } from '../contracts/errors.ts';

/** For its owner alone: it holds secrets. */
const MODE = 0o600;

export interface EnvFileRequest {
  file: string;
  values: Partial<Record<VariableName, string>>;
  /** In place of one that is there. */
  force: boolean;
}

/** Writes every setting with its explanation, those that are chosen in force. Throws `BelayError` invalid_input where the file is there already. */
export async function writeEnvFile({ file, values, force }: EnvFileRequest): Promise<void> {
  const text = envFile(values);
  if (force) return writeFileAtomic(file, text, { mode: MODE });
  try {
    await using created = await open(file, 'wx', MODE);
    await created.writeFile(text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new BelayError({
      code: 'invalid_input',
      message: `${file} is there already, and is left as it is.`,
      hint: 'Name another with --file, or replace it with --force.',
      cause: error,
    });
  }
}
