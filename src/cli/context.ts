import type { LocalForge } from '../forges/local.ts';
import { createLocalForge } from '../forges/local.ts';
import type { LocalTracker } from '../trackers/local.ts';
import { createLocalTracker } from '../trackers/local.ts';
import type { ReaderContext } from './reader-context.ts';
import { openReaderContext } from './reader-context.ts';
import type { Terminal } from './terminal.ts';

/** What every command works with. */
export interface Context extends ReaderContext {
  forge: LocalForge;
  tracker: LocalTracker;
}

export async function openContext(request: { env: NodeJS.ProcessEnv; terminal: Terminal }): Promise<Context> {
  const reader = await openReaderContext(request);
  const { home } = reader.config;
  return { ...reader, forge: createLocalForge({ home }), tracker: createLocalTracker({ home }) };
}
