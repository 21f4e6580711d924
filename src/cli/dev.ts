import path from 'node:path';
import { BelayError } from '../contracts/errors.ts';
import { composeLog } from '../compose-log.ts';
import type { Config } from '../config.ts';
import { ownFolder } from '../process/own-folder.ts';
import { onStopSignals } from '../process/stop-signals.ts';
import { logFile } from '../telemetry/log.ts';
import type { Log } from '../telemetry/log.ts';
import { localTarget, namedTarget } from '../temporal/connection.ts';
import { installLogger } from '../worker.ts';
import type { BackgroundMessage } from './background.ts';
import type { DevApi } from './dev-api.ts';
import type { DevStack } from './dev-stack.ts';
import { startDevStack } from './dev-stack.ts';
import type { Terminal } from './terminal.ts';
import { describeError, EXIT } from './terminal.ts';

export interface DevOptions {
  config: Config;
  env: NodeJS.ProcessEnv;
  terminal: Terminal;
  /** Ends when nobody uses it any more; talks to the process that started it. */
  untilUnused: boolean;
}

/** `belay dev`: Temporal, a worker and the API on this machine, until Ctrl-C. */
export async function dev({ config, env, terminal, untilUnused }: DevOptions): Promise<number> {
  const tell = untilUnused ? toParent : toTerminal(terminal);
  const file = path.join(config.home, 'logs', 'dev.log');
  await ownFolder(config.home);
  // In the background, standard error is that file already.
  const log = composeLog(config, untilUnused ? {} : { destination: logFile(file) });
  installLogger(log);
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  using _ = onStopSignals(stop);
  try {
    await using stack = await startDevStack({
      config,
      env,
      log,
      signal: stopping.signal,
      onProgress: (message) => tell({ type: 'progress', message }),
      ...(untilUnused ? { onUnused: stop } : {}),
    });
    await using api = untilUnused ? undefined : await apiOf({ config, env, terminal }, stack, log);
    if (!untilUnused) terminal.out(welcome(stack, { home: config.home, file, api }));
    tell({ type: 'ready' });
    await Promise.race([stack.ended, aborted(stopping.signal)]);
    if (!untilUnused) terminal.note('Stopping: runs that are not done go on at the next start.');
    return EXIT.ok;
  } catch (error) {
    if (stopping.signal.aborted) return EXIT.ok;
    if (untilUnused) tell(failure(error));
    throw error;
  }
}

/** Runs that are brought up for somebody in the background have no use for one. */
async function apiOf({ config, env, terminal }: Omit<DevOptions, 'untilUnused'>, stack: DevStack, log: Log): Promise<DevApi | undefined> {
  const { startDevApi } = await import('./dev-api.ts');
  const target = namedTarget(config, env) ?? localTarget(stack.address, stack.namespace);
  return startDevApi({ config, env, log, target: () => Promise.resolve(target), note: (text) => terminal.note(text) });
}

interface Shown {
  home: string;
  file: string;
  api: DevApi | undefined;
}

function welcome({ address, uiUrl }: DevStack, { home, file, api }: Shown): string {
  const rows = [
    ['Temporal', address],
    ...(uiUrl ? [['Web UI', uiUrl]] : []),
    ...(api ? [['API', `${api.url}/docs`]] : []),
    ['Home', home],
    ['Log', file],
  ];
  return [
    ...rows.map(([name, value]) => `${name?.padEnd(9)} ${value}`),
    ...(api?.token ? [`Until it stops: curl -H 'Authorization: Bearer ${api.token}' ${api.url}/api/runs`] : []),
    'Ready: `belay run issue.md --repo PATH` in another terminal. Ctrl-C stops.',
  ].join('\n');
}

function failure(error: unknown): BackgroundMessage {
  if (!(error instanceof BelayError)) return { type: 'failed', code: 'internal', message: describeError(error) };
  const { code, message, hint } = error;
  return { type: 'failed', code, message, ...(hint ? { hint } : {}) };
}

const toTerminal =
  (terminal: Terminal) =>
  (message: BackgroundMessage): void => {
    if (message.type === 'progress') terminal.note(message.message);
  };

/** The parent may have gone: then nobody is left to tell. */
function toParent(message: BackgroundMessage): void {
  if (process.connected) process.send?.(message);
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
