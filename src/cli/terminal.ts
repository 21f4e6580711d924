import { BelayError } from '../contracts/errors.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import { plainText } from '../contracts/text.ts';
import { diskFull } from '../process/disk-full.ts';

/** Where commands write: results to standard output, everything else to standard error. What agents and repositories say is in both. */
export interface Terminal {
  /** Standard output is a terminal that can redraw lines. */
  readonly live: boolean;
  /** Standard output goes to a program or a file. */
  readonly piped: boolean;
  out(text: string): void;
  note(text: string): void;
  /** To standard output, with whatever is in it: for programs, and for colours of our own. */
  exact(text: string): void;
  /** Calls whoever sits there. */
  bell?(): void;
}

export function createTerminal({ stdout, stderr }: Pick<NodeJS.Process, 'stdout' | 'stderr'>): Terminal {
  return {
    live: stdout.isTTY && stderr.isTTY,
    piped: !stdout.isTTY,
    out: (text) => void stdout.write(`${plainText(text)}\n`),
    note: (text) => void stderr.write(`${plainText(text)}\n`),
    exact: (text) => void stdout.write(`${text}\n`),
    bell: () => void (stderr.isTTY && stderr.write('\u0007')),
  };
}

/** Exit codes of every command. */
export const EXIT = { ok: 0, failed: 1, usage: 2, cancelled: 130 } as const;

/** What failed, on what, and what to do next; nothing of our own stack for errors made on purpose. */
export function describeError(error: unknown): string {
  return plainText(textOf(diskFull(error) ?? error));
}

function textOf(error: unknown): string {
  if (error instanceof BelayError) return `belay: ${error.message}\n  ${error.hint}`;
  if (error instanceof Error) return `belay: unexpected: ${error.stack ?? error.message}`;
  return `belay: unexpected: ${String(error)}`;
}

/** What needs a person, and it is the one who called: they change their settings, or log in. */
const CALLERS: ReadonlySet<ErrorCode> = new Set([
  'engine_not_installed',
  'engine_not_logged_in',
  'forge_forbidden',
  'forge_not_logged_in',
  'script_invalid',
  'settings_invalid',
]);

/** 2 for what the caller has to change in the command or the configuration, else 1. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof BelayError)) return EXIT.failed;
  return error.class === 'fatal' || CALLERS.has(error.code) ? EXIT.usage : EXIT.failed;
}
