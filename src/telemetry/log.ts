import { destination as fileDestination, pino, stdSerializers } from 'pino';
import type { DestinationStream, Logger } from 'pino';

export type Log = Logger;

export interface LogOptions {
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Standard error unless told. */
  destination?: DestinationStream;
  /** Values that never appear in a line, whatever they are part of. */
  secrets?: readonly (string | undefined)[];
}

/** A log's destination: the end of a file, whose folder is made. */
export const logFile = (path: string): DestinationStream => fileDestination({ dest: path, append: true, mkdir: true, sync: true });

const CENSORED = '[redacted]';
/** A shorter value would be found in ordinary words. */
const MIN_SECRET_LENGTH = 6;

/** Fields that hold credentials by their names, at the top and one level below. */
const SECRET_FIELDS = ['apiKey', 'api_key', 'oauthToken', 'token', 'password', 'secret', 'secrets', 'authorization', 'env'];

/** One JSON object a line. */
export function createLog({ level, destination = fileDestination({ fd: 2, sync: true }), secrets = [] }: LogOptions): Log {
  const conceal = concealer(secrets);
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.errWithCause, err: stdSerializers.errWithCause },
      redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: CENSORED },
      hooks: { streamWrite: conceal },
    },
    destination,
  );
}

/** Tokens of GitHub show by their beginnings; one that `gh` keeps is not among the known ones. */
const GITHUB_TOKENS = /\b(?:gh[oprsu]_|github_pat_)\w{20,}/g;
/** And so do those of the API: the part after the id is the secret. */
const API_TOKENS = /\b(belay_[0-9a-z]{8}_)[0-9a-z]{40}\b/g;

/** Secrets also turn up inside texts: addresses, commands, messages of libraries. */
function concealer(secrets: readonly (string | undefined)[]): (line: string) => string {
  const known = secrets.filter((secret) => secret !== undefined && secret.length >= MIN_SECRET_LENGTH);
  // A value appears in a line as JSON writes it.
  const written = known.map((secret) => JSON.stringify(secret).slice(1, -1)).toSorted((one, other) => other.length - one.length);
  return (line) =>
    written
      .reduce((text, secret) => text.replaceAll(secret, CENSORED), line)
      .replaceAll(GITHUB_TOKENS, CENSORED)
      .replaceAll(API_TOKENS, `$1${CENSORED}`);
}

export type TemporalLogLevel = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
type Meta = Record<string | symbol, unknown>;

/** The SDK's logger by its shape, so that this file needs no Temporal. */
export interface TemporalLogger {
  log(level: TemporalLogLevel, message: string, meta?: Meta): void;
  trace(message: string, meta?: Meta): void;
  debug(message: string, meta?: Meta): void;
  info(message: string, meta?: Meta): void;
  warn(message: string, meta?: Meta): void;
  error(message: string, meta?: Meta): void;
}

const PINO_LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Temporal's logger on top of ours. */
export function temporalLogger(log: Log): TemporalLogger {
  const write = (level: TemporalLogLevel, message: string, meta: Meta = {}): void => log[PINO_LEVELS[level]](meta, message);
  return {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  };
}
