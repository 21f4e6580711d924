import { destination as fileDestination, pino, stdSerializers } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { CENSORED, createConcealer } from './conceal.ts';
import type { SecretHolder } from './conceal.ts';

export type Log = Logger;

export interface LogOptions {
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Standard error unless told. */
  destination?: DestinationStream;
  /** Their values never appear in a line, whatever they are part of. */
  secrets?: readonly SecretHolder[];
}

/** A log's destination: the end of a file, whose folder is made. */
export const logFile = (path: string): DestinationStream => fileDestination({ dest: path, append: true, mkdir: true, sync: true });

/** Fields that hold credentials by their names, at the top and one level below. */
const SECRET_FIELDS = ['apiKey', 'api_key', 'oauthToken', 'token', 'password', 'secret', 'secrets', 'authorization', 'env'];

/** One JSON object a line. */
export function createLog({ level, destination = fileDestination({ fd: 2, sync: true }), secrets = [] }: LogOptions): Log {
  // Secrets also turn up inside texts: addresses, commands, messages of libraries.
  const conceal = createConcealer(secrets);
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
