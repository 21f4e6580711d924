import { homeOf } from '../home.ts';
import { ledgerPlaceOf } from '../ledger-place.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openLedger } from '../ledger/open-ledger.ts';
import { ownFolder } from '../process/own-folder.ts';
import type { RunFiles } from '../run-files/run-files.ts';
import { createRunFiles } from '../run-files/run-files.ts';
import type { Terminal } from './terminal.ts';

/** What commands work with that only show what happened: quick to load. */
export interface ReaderContext extends AsyncDisposable {
  terminal: Terminal;
  ledger: Ledger;
  files: RunFiles;
}

export async function openReaderContext({ env, terminal }: { env: NodeJS.ProcessEnv; terminal: Terminal }): Promise<ReaderContext> {
  const home = homeOf(env);
  await ownFolder(home);
  const ledger = await openLedger(ledgerPlaceOf(env));
  return { terminal, ledger, files: createRunFiles({ home }), [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose]() };
}
