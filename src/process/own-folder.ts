import { access, constants, mkdir } from 'node:fs/promises';
import { BelayError } from '../contracts/errors.ts';
import { diskFull } from './disk-full.ts';

/** Makes Belay's home where it is missing, for its user alone. Throws configuration_invalid where nothing can be written, and disk_full. */
export async function ownFolder(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 });
    await access(home, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw diskFull(error) ?? notOurs(home, error);
  }
}

const notOurs = (home: string, cause: unknown): BelayError =>
  new BelayError({
    code: 'configuration_invalid',
    message: `Belay's home ${home} cannot be written to (${cause instanceof Error ? cause.message : String(cause)}).`,
    hint: 'Give yourself the right to write there, or set BELAY_HOME to another folder.',
    cause,
  });
