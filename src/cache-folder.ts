import { homedir } from 'node:os';
import { join } from 'node:path';

/** What is kept for all homes of a user, because it takes long to make: Temporal's CLI, the bundled pipelines, compiled code. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'belay');
}
