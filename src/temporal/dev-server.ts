import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BelayError } from '../contracts/errors.ts';
import { lockHolder, tryLock } from '../process/exclusive-lock.ts';
import type { Lock } from '../process/exclusive-lock.ts';
import type { TemporalCli } from './cli-binary.ts';
import { claimDatabase } from './dev-database.ts';
import { openServerLog, reasonIn } from './dev-server-log.ts';
import type { ServerLog } from './dev-server-log.ts';
import { endFormerServer, startServerProcess } from './dev-server-process.ts';
import type { ServerProcess } from './dev-server-process.ts';
import { untilServing } from './dev-server-ready.ts';
import { devServerArguments, freePorts } from './dev-server-settings.ts';
import type { ServerPorts } from './dev-server-settings.ts';

/** Measured at 0.3 s; a cold disk and a busy machine take far longer. */
const START_MS = 60_000;
/** Ports, also those that the server chooses for its own parts, are found free and then used: somebody may be faster. */
const ATTEMPTS = 3;

export interface StartDevServerRequest {
  cli: TemporalCli;
  /** BELAY_HOME: database, log and version live there. */
  home: string;
  /** What a person should know, such as a database of another patch version. */
  warn?: (message: string) => void;
  signal?: AbortSignal;
}

/** An embedded Temporal server. Disposing stops it gracefully; it ends with this process, SIGKILL included. */
export interface DevServer extends AsyncDisposable {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string;
  /** The server's version. */
  readonly version: string;
  /** Settles when the server has ended, whoever ended it, with the end of its log. */
  readonly ended: Promise<{ expected: boolean; logTail: string }>;
}

/** Starts Temporal on the file database of `home`, ready to serve. One at a time per home: throws `BelayError` home_locked. */
export async function startDevServer({ cli, home, warn, signal }: StartDevServerRequest): Promise<DevServer> {
  signal?.throwIfAborted();
  await mkdir(home, { recursive: true, mode: 0o700 });
  const lock = lockServer(home);
  try {
    await endFormerServer(home);
    await claimDatabase({ home, serverVersion: cli.serverVersion, ...(warn && { warn }) });
    await using log = await openServerLog(join(home, 'logs', 'temporal.log'));
    const started = await startOnFreePorts({ cli, home, log, ...(signal && { signal }) });
    return running({ ...started, cli, lock, tail: log.tail });
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

function lockServer(home: string): Lock {
  const path = join(home, 'temporal.lock');
  const lock = tryLock(path);
  if (lock) return lock;
  const holder = lockHolder(path);
  throw new BelayError({
    code: 'home_locked',
    message: `A Temporal server of ${home} is already running${holder ? ` (process ${holder.pid})` : ''}.`,
    hint: 'Use that one, stop it first, or set BELAY_HOME to another folder.',
  });
}

interface Started {
  server: ServerProcess;
  ports: ServerPorts;
}

interface StartRequest {
  cli: TemporalCli;
  home: string;
  log: ServerLog;
  signal?: AbortSignal;
}

async function startOnFreePorts(request: StartRequest): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    const started = await startOn(await freePorts(), request);
    if (started) return started;
    if (attempt === ATTEMPTS) throw notStarted(request, await request.log.tail());
  }
}

/** Undefined if the process ended instead of serving. */
async function startOn(ports: ServerPorts, { cli, home, log, signal }: StartRequest): Promise<Started | undefined> {
  const server = startServerProcess({ file: cli.path, args: devServerArguments({ home, ports }), home, logFd: log.fd });
  const gone = new AbortController();
  void server.ended.then(() => gone.abort());
  const signals = [gone.signal, AbortSignal.timeout(START_MS), ...(signal ? [signal] : [])];
  try {
    await untilServing({ address: `127.0.0.1:${ports.frontend}`, signal: AbortSignal.any(signals) });
    return { server, ports };
  } catch (error) {
    await server.stop();
    signal?.throwIfAborted();
    if (gone.signal.aborted) return undefined;
    throw notStarted({ cli, home }, await log.tail(), error);
  }
}

function notStarted({ cli, home }: Pick<StartRequest, 'cli' | 'home'>, logTail: string, cause?: unknown): BelayError {
  return new BelayError({
    code: 'temporal_unreachable',
    message: `Temporal (${cli.path}) did not start: ${reasonIn(logTail)}`,
    hint: `Its log is ${join(home, 'logs', 'temporal.log')}.`,
    ...(cause !== undefined && { cause }),
  });
}

function running({ server, ports, cli, lock, tail }: Started & { cli: TemporalCli; lock: Lock; tail: ServerLog['tail'] }): DevServer {
  let expected = false;
  const ended = server.ended.then(async () => {
    lock[Symbol.dispose]();
    return { expected, logTail: await tail() };
  });
  // Nobody has to listen.
  ended.catch(() => {});
  return {
    address: `127.0.0.1:${ports.frontend}`,
    namespace: 'default',
    uiUrl: `http://127.0.0.1:${ports.ui}`,
    version: cli.serverVersion,
    ended,
    async [Symbol.asyncDispose]() {
      expected = true;
      await server.stop();
      await ended;
    },
  };
}
