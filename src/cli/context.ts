import { composeFiles } from '../compose-artifacts.ts';
import { composeForges } from '../compose-forges.ts';
import type { Config } from '../config.ts';
import { loadConfig } from '../config.ts';
import type { Forges } from '../forges/forges.ts';
import type { GitHubIntake } from '../intake/place.ts';
import type { Trackers } from '../trackers/trackers.ts';
import type { ReaderContext } from './reader-context.ts';
import { openReaderContext } from './reader-context.ts';
import type { Terminal } from './terminal.ts';

/** What every command works with. */
export interface Context extends ReaderContext {
  env: NodeJS.ProcessEnv;
  config: Config;
  forges: Forges;
  trackers: Trackers;
  gitHub: GitHubIntake;
}

export async function openContext(request: { env: NodeJS.ProcessEnv; terminal: Terminal }): Promise<Context> {
  const { env, terminal } = request;
  const config = loadConfig(env);
  for (const warning of config.warnings) terminal.note(`belay: ${warning}`);
  await using stack = new AsyncDisposableStack();
  const reader = stack.use(await openReaderContext(request));
  const onProblem = (error: unknown, message: string): void =>
    terminal.note(`belay: ${message}: ${error instanceof Error ? error.message : String(error)}`);
  const { ledger, files } = stack.use(composeFiles({ config, ledger: reader.ledger, onProblem }));
  const kept = stack.move();
  return { ...reader, ledger, files, env, config, ...composeForges(config, env), [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
