import type { Config } from '../config.ts';
import type { Log } from '../telemetry/log.ts';
import { announce } from '../temporal/announcement.ts';
import { findTemporalCli, temporalCacheDir } from '../temporal/cli-binary.ts';
import { localTarget, namedTarget } from '../temporal/connection.ts';
import type { DevServer } from '../temporal/dev-server.ts';
import { startDevServer } from '../temporal/dev-server.ts';
import { startWorker } from '../worker.ts';

export interface DevStackRequest {
  config: Config;
  env: NodeJS.ProcessEnv;
  log: Log;
  onProgress: (message: string) => void;
  /** Nobody uses it any more; from then on nobody finds it. Without it, it stays until it is disposed. */
  onUnused?: () => void;
  signal?: AbortSignal;
}

/** Everything that runs need on this machine, in this process: Temporal (unless one is named) and a worker. */
export interface DevStack extends AsyncDisposable {
  address: string;
  namespace: string;
  uiUrl?: string;
  /** Settles when a part of it has ended by itself; rejects with the reason. */
  ended: Promise<void>;
}

/** A user that comes right after another left finds everything still up. */
const UNUSED_GRACE_MS = 1500;

export async function startDevStack({ config, env, log, onProgress, onUnused, signal }: DevStackRequest): Promise<DevStack> {
  await using stack = new AsyncDisposableStack();
  const named = namedTarget(config, env);
  const server = named ? undefined : stack.use(await startServer({ config, env, onProgress, ...(signal ? { signal } : {}) }));
  const target = named ?? localTarget((server as DevServer).address, (server as DevServer).namespace);
  const worker = stack.use(await startWorker({ config, env, target, log }));
  const ui = server ? { uiUrl: server.uiUrl } : {};
  stack.use(await announce({ home: config.home, target, graceMs: UNUSED_GRACE_MS, ...ui, ...(onUnused ? { onUnused } : {}) }));
  const serverEnded = server ? server.ended.then(({ expected, logTail }) => failUnless(expected, logTail)) : new Promise<void>(() => {});
  const kept = stack.move();
  return {
    address: target.address,
    namespace: target.namespace,
    ...ui,
    ended: Promise.race([worker.ended, serverEnded]),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function startServer({
  config,
  env,
  onProgress,
  signal,
}: Pick<DevStackRequest, 'config' | 'env' | 'onProgress' | 'signal'>): Promise<DevServer> {
  const cli = await findTemporalCli({
    explicit: config.temporal.cli,
    env,
    cacheDir: temporalCacheDir(env),
    onProgress: ({ message }) => onProgress(message),
    ...(signal ? { signal } : {}),
  });
  return startDevServer({ cli, home: config.home, warn: onProgress, ...(signal ? { signal } : {}) });
}

function failUnless(expected: boolean, logTail: string): void {
  if (!expected) throw new Error(`Temporal's server has ended: ${logTail}`);
}
