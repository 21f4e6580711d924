import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { BelayError } from '../contracts/errors.ts';
import { minorVersion } from './versions.ts';

export interface ClaimDatabaseRequest {
  home: string;
  serverVersion: string;
  warn?: (message: string) => void;
}

/**
 * Records which server the file database belongs to. The dev server lays out tables in a new file only and never migrates an old one,
 * so that a server of another minor version is refused; patch versions share their tables.
 */
export async function claimDatabase({ home, serverVersion, warn }: ClaimDatabaseRequest): Promise<void> {
  const database = join(home, 'temporal.db');
  const record = join(home, 'temporal.version');
  const former = (await exists(database)) ? await recorded(record) : undefined;
  if (former === serverVersion) return;
  if (former && minorVersion(former) !== minorVersion(serverVersion)) throw otherVersion({ database, former, serverVersion });
  if (former) warn?.(`${database} was written by Temporal ${former}; going on with ${serverVersion}.`);
  await writeFileAtomic(record, `${serverVersion}\n`, { mode: 0o600 });
}

function otherVersion({ database, former, serverVersion }: { database: string; former: string; serverVersion: string }): BelayError {
  return new BelayError({
    code: 'home_locked',
    message: `${database} was written by Temporal server ${former}; the one found here is ${serverVersion}, which cannot read it.`,
    hint:
      `Set BELAY_TEMPORAL_CLI to a CLI with server ${minorVersion(former)}.x. ` +
      `If no run is open, move ${database} away instead: finished runs stay in Belay's ledger.`,
  });
}

async function recorded(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
