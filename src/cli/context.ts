import { composeForges } from '../compose-forges.ts';
import type { Forges } from '../forges/forges.ts';
import type { GitHubIntake } from '../intake/place.ts';
import type { Trackers } from '../trackers/trackers.ts';
import type { ReaderContext } from './reader-context.ts';
import { openReaderContext } from './reader-context.ts';
import type { Terminal } from './terminal.ts';

/** What every command works with. */
export interface Context extends ReaderContext {
  forges: Forges;
  trackers: Trackers;
  gitHub: GitHubIntake;
}

export async function openContext(request: { env: NodeJS.ProcessEnv; terminal: Terminal }): Promise<Context> {
  const reader = await openReaderContext(request);
  return { ...reader, ...composeForges(reader.config, request.env) };
}
