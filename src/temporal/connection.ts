import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config.ts';
import { Client, Connection } from '@temporalio/client';
import type { ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnection, NativeConnectionOptions } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import { createRetries } from './retries.ts';

const CONNECT_MS = 10_000;
/** Keyword in Temporal's protocol (enum IndexedValueType). */
const KEYWORD = 2;

/** Where a Temporal service is and how to log in to it. */
export interface TemporalTarget {
  address: string;
  namespace: string;
  /** Address, TLS and metadata, for both kinds of connection. May hold secrets. */
  options: NativeConnectionOptions;
  /** As it is now. */
  apiKey?: () => string;
}

export interface TemporalTargetRequest {
  /** For Temporal's own variables and profiles (`TEMPORAL_ADDRESS`, `TEMPORAL_PROFILE`, `TEMPORAL_TLS`…). */
  env: NodeJS.ProcessEnv;
  /** These win over `env`. */
  address?: string | undefined;
  namespace?: string | undefined;
  apiKey?: (() => string | undefined) | undefined;
}

export interface TemporalConnection extends AsyncDisposable {
  readonly target: TemporalTarget;
  readonly connection: Connection;
  readonly client: Client;
}

export interface ConnectRequest {
  target: TemporalTarget;
  timeoutMs?: number;
}

export interface Refusal {
  missing: string[];
  reason: string;
}

/** The service that the settings name; undefined where they name none. Throws `BelayError` configuration_invalid. */
export function temporalTarget({ env, ...settings }: TemporalTargetRequest): TemporalTarget | undefined {
  const { connectionOptions, namespace } = ownSettings(env);
  const address = settings.address ?? connectionOptions.address;
  if (!address) return undefined;
  const apiKey = apiKeyOf(settings.apiKey, connectionOptions.apiKey);
  // An API key goes over TLS or not at all.
  const tls = connectionOptions.tls ?? (apiKey ? true : undefined);
  const { metadata } = connectionOptions;
  return {
    address,
    namespace: settings.namespace ?? namespace ?? 'default',
    options: { address, ...(tls !== undefined && { tls }), ...(metadata && { metadata }) },
    ...(apiKey && { apiKey }),
  };
}

type ApiKey = string | (() => string | undefined) | undefined;

/** A setting that changes while this process runs comes before what Temporal's own settings said at its start. */
function apiKeyOf(own: ApiKey, temporals: ApiKey): (() => string) | undefined {
  if (own === undefined && temporals === undefined) return undefined;
  const now = (key: ApiKey): string | undefined => (typeof key === 'function' ? key() : key);
  return () => now(own) ?? now(temporals) ?? '';
}

/** The service that this installation's settings name; undefined where they name none. */
export function namedTarget(
  { temporal, secrets }: Pick<Config, 'temporal' | 'secrets'>,
  env: NodeJS.ProcessEnv,
): TemporalTarget | undefined {
  const { TEMPORAL_API_KEY: key } = secrets;
  return temporalTarget({ env, address: temporal.address, namespace: temporal.namespace, apiKey: key && (() => key.current()) });
}

/** A service that needs no login, such as the embedded one. */
export function localTarget(address: string, namespace = 'default'): TemporalTarget {
  return { address, namespace, options: { address } };
}

/** A client. Throws `BelayError` temporal_unreachable, also where the namespace is missing or the login refused. */
export async function connectTemporal({ target, timeoutMs = CONNECT_MS }: ConnectRequest): Promise<TemporalConnection> {
  const { interceptors, end } = createRetries();
  let connection: Connection | undefined;
  const close = async (): Promise<void> => {
    end();
    await connection?.close();
  };
  try {
    const { options, apiKey } = target;
    connection = await Connection.connect({
      ...(options as ConnectionOptions),
      ...(apiKey && { apiKey }),
      connectTimeout: timeoutMs,
      interceptors,
    });
    await requireNamespace(connection, target.namespace, timeoutMs);
    const client = new Client({ connection, namespace: target.namespace });
    return { target, connection, client, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw unreachable(target, error);
  }
}

/** Short enough to be there soon after the server, long enough to cost nothing. */
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 15_000;
const ASK_MS = 5000;
/** The server answers, and says no: waiting would not help. (INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, UNAUTHENTICATED) */
const ANSWERS = [3, 5, 7, 16];

export interface WaitRequest {
  target: TemporalTarget;
  signal: AbortSignal;
  /** Hears every time that it is not there. */
  onWaiting: (error: BelayError) => void;
}

/** Waits until a server is there, asking ever more seldom. Throws `BelayError` temporal_unreachable where one is, and turns us away. */
export async function waitForTemporal({ target, signal, onWaiting }: WaitRequest): Promise<void> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(MAX_PAUSE_MS, 2 * pauseMs)) {
    signal.throwIfAborted();
    try {
      await using _temporal = await connectTemporal({ target, timeoutMs: ASK_MS });
      return;
    } catch (error) {
      if (!(error instanceof BelayError) || ANSWERS.includes(codeOf(error.cause))) throw error;
      onWaiting(error);
    }
    await sleep(pauseMs, undefined, { signal });
  }
}

const codeOf = (cause: unknown): number => (cause instanceof Error && 'code' in cause && typeof cause.code === 'number' ? cause.code : 0);

/** A worker's connection, which its owner closes. Throws `BelayError` temporal_unreachable. */
export async function connectWorker({ target }: Pick<ConnectRequest, 'target'>): Promise<NativeConnection> {
  // Loaded here only: the worker's package takes 0.2 s more, which every short command would pay.
  const { NativeConnection } = await import('@temporalio/worker');
  try {
    const { options, apiKey } = target;
    return await NativeConnection.connect({ ...options, ...(apiKey && { apiKey: apiKey() }) });
  } catch (error) {
    throw unreachable(target, error);
  }
}

/** How often it is looked whether a worker's connection has to have another API key. */
const KEY_MS = 5000;

/** A client asks for the key at each call; a worker's connection is told of a new one. */
export function keepApiKey({ connection, target: { apiKey }, onProblem, everyMs = KEY_MS }: KeepRequest): Disposable {
  let told = apiKey?.();
  const look = (): void => {
    const now = apiKey?.();
    if (now === undefined || now === told) return;
    told = now;
    connection.setApiKey(now).catch((error: unknown) => {
      told = undefined;
      onProblem(error, 'The worker could not take a new API key of Temporal; it is tried again');
    });
  };
  const timer = apiKey && setInterval(look, everyMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

interface KeepRequest {
  connection: Pick<NativeConnection, 'setApiKey'>;
  target: TemporalTarget;
  onProblem: (error: unknown, message: string) => void;
  everyMs?: number;
}

/** Does a Temporal service with this namespace answer there? */
export async function isReachable(target: TemporalTarget, timeoutMs = 2000): Promise<boolean> {
  try {
    await using _temporal = await connectTemporal({ target, timeoutMs });
    return true;
  } catch (error) {
    if (error instanceof BelayError) return false;
    throw error;
  }
}

/** Registers what is missing. Where that is refused (Temporal Cloud), says so: the caller tells it and goes on without them. */
export async function registerSearchAttributes({ connection, target }: TemporalConnection): Promise<{ refused?: Refusal }> {
  const { namespace } = target;
  let missing: string[] = [...SEARCH_ATTRIBUTES];
  try {
    await connection.withDeadline(Date.now() + CONNECT_MS, async () => {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      missing = missing.filter((name) => !(name in customAttributes));
      if (missing.length === 0) return;
      const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
    });
    return {};
  } catch (error) {
    return { refused: { missing, reason: textOf(error) } };
  }
}

function ownSettings(env: NodeJS.ProcessEnv): ReturnType<typeof loadClientConnectConfig> {
  // Empty is unset, as for Belay's own: an API key that is an empty text would ask for TLS.
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1].trim() !== '');
  try {
    return loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(set) });
  } catch (error) {
    throw new BelayError({
      code: 'configuration_invalid',
      message: `Temporal's own settings (TEMPORAL_… variables or its profile file) cannot be used: ${textOf(error)}`,
      hint: 'Mend them, or unset them to have Belay run its own Temporal.',
      cause: error,
    });
  }
}

async function requireNamespace(connection: Connection, namespace: string, timeoutMs: number): Promise<void> {
  await connection.withDeadline(Date.now() + timeoutMs, () => connection.workflowService.describeNamespace({ namespace }));
}

function unreachable({ address, namespace }: TemporalTarget, cause: unknown): BelayError {
  return new BelayError({
    code: 'temporal_unreachable',
    message: `Temporal at ${address} (namespace ${namespace}) cannot be used: ${textOf(cause)}`,
    hint: 'Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the login, or unset them to have Belay run its own Temporal.',
    cause,
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
