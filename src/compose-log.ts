import type { Config } from './config.ts';
import { createLog } from './telemetry/log.ts';
import type { Log, LogOptions } from './telemetry/log.ts';

/** The log of a process: without its secrets, and told when the file of one has changed. */
export function composeLog(
  { log: { level }, secrets }: Pick<Config, 'log' | 'secrets'>,
  options: Pick<LogOptions, 'destination'> = {},
): Log {
  const all = Object.values(secrets);
  const log = createLog({ level, secrets: all, ...options });
  for (const secret of all) secret.watch({ onChange: (message) => log.info(message), onProblem: (message) => log.warn(message) });
  return log;
}
