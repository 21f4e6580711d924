import path from 'node:path';
import type { Config } from '../config.ts';
import { loadConfig } from '../config.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openLedger } from '../ledger/open-ledger.ts';
import { ownFolder } from '../process/own-folder.ts';
import type { RunFiles } from '../run-files/run-files.ts';
import { createRunFiles } from '../run-files/run-files.ts';
import type { Terminal } from './terminal.ts';

/** What commands work with that only show what happened: quick to load. */
export interface ReaderContext extends AsyncDisposable {
  env: NodeJS.ProcessEnv;
  config: Config;
  terminal: Terminal;
  ledger: Ledger;
  files: RunFiles;
}

export async function openReaderContext({ env, terminal }: { env: NodeJS.ProcessEnv; terminal: Terminal }): Promise<ReaderContext> {
  const config = loadConfig(env);
  for (const warning of config.warnings) terminal.note(`belay: ${warning}`);
  const { home } = config;
  await ownFolder(home);
  const ledger = await openLedger({ path: path.join(home, 'ledger.db') });
  return { env, config, terminal, ledger, files: createRunFiles({ home }), [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose]() };
}
