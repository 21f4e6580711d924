import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export const DEFAULT_HOME = '~/.belay';

/** BELAY_HOME, absolute. Needs no other setting: commands that only read are spared the check of them all. */
export const homeOf = (env: NodeJS.ProcessEnv): string => absolutePath(env['BELAY_HOME']?.trim() || DEFAULT_HOME, env);

/** `~/` is the user's home folder. */
export function absolutePath(path: string, env: NodeJS.ProcessEnv): string {
  const userHome = env['HOME'] || homedir();
  return path === '~' || path.startsWith('~/') ? join(userHome, path.slice(1)) : resolve(path);
}
