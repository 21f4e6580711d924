import path from 'node:path';
import { BelayError } from '../contracts/errors.ts';
import { homeOf } from '../home.ts';
import { backUpLedger, restoreLedger } from '../ledger/backup.ts';
import { ledgerPlaceOf } from '../ledger-place.ts';
import { lockHolder, tryLock } from '../process/exclusive-lock.ts';
import { ownFolder } from '../process/own-folder.ts';
import type { ProgramRequest } from './define.ts';
import { EXIT } from './terminal.ts';

/** `belay ledger backup`. */
export async function ledgerBackup({ env, terminal }: ProgramRequest, file: string): Promise<number> {
  await backUpLedger({ path: fileOf(env), file: path.resolve(file) });
  terminal.out(`The ledger is in ${path.resolve(file)}, as it is now.`);
  return EXIT.ok;
}

/** `belay ledger restore`: no worker may be at work, for it would not know what it had recorded. */
export async function ledgerRestore({ env, terminal }: ProgramRequest, file: string): Promise<number> {
  const [target, home] = [fileOf(env), homeOf(env)];
  await ownFolder(home);
  const lockFile = path.join(home, 'worker.lock');
  using lock = tryLock(lockFile);
  if (!lock) throw atWork(home, lockHolder(lockFile)?.pid);
  const aside = `${target}.before-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  await restoreLedger({ path: target, file: path.resolve(file), aside });
  terminal.out(`${target} is what ${path.resolve(file)} was. What it was before is in ${aside}, if there was one.`);
  terminal.out('`belay ledger rebuild` records what Temporal knows of the time since.');
  return EXIT.ok;
}

function fileOf(env: NodeJS.ProcessEnv): string {
  const place = ledgerPlaceOf(env);
  if ('path' in place) return place.path;
  throw new BelayError({
    code: 'invalid_input',
    message: 'The ledger is in Postgres, which has tools of its own for that.',
    hint: 'Use pg_dump and pg_restore: docs/database.md has the commands.',
  });
}

const atWork = (home: string, pid: number | undefined): BelayError =>
  new BelayError({
    code: 'home_locked',
    message: `A worker${pid === undefined ? '' : ` (process ${pid})`} uses ${home}.`,
    hint: 'Stop it first; its runs go on with the next one.',
  });
