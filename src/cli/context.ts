import path from 'node:path';
import type { Config } from '../config.ts';
import { composeForges } from '../compose-forges.ts';
import { loadConfig } from '../config.ts';
import type { Forges } from '../forges/forges.ts';
import type { GitHubIntake } from '../intake/place.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { openLedger } from '../ledger/open-ledger.ts';
import { ownFolder } from '../process/own-folder.ts';
import type { RunFiles } from '../run-files/run-files.ts';
import { createRunFiles } from '../run-files/run-files.ts';
import type { Trackers } from '../trackers/trackers.ts';
import type { Terminal } from './terminal.ts';

/** What every command works with. */
export interface Context extends AsyncDisposable {
  env: NodeJS.ProcessEnv;
  config: Config;
  terminal: Terminal;
  ledger: Ledger;
  files: RunFiles;
  forges: Forges;
  trackers: Trackers;
  gitHub: GitHubIntake;
}

export async function openContext({ env, terminal }: { env: NodeJS.ProcessEnv; terminal: Terminal }): Promise<Context> {
  const config = loadConfig(env);
  for (const warning of config.warnings) terminal.note(`belay: ${warning}`);
  const { home } = config;
  await ownFolder(home);
  const ledger = await openLedger({ path: path.join(home, 'ledger.db') });
  return {
    env,
    config,
    terminal,
    ledger,
    files: createRunFiles({ home }),
    ...composeForges(config, env),
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };
}
