import { Option } from 'commander';
import type { Command } from 'commander';
import { PHASES } from '../contracts/constants.ts';
import type { Context } from './context.ts';
import type { ReaderContext } from './reader-context.ts';
import type { Terminal } from './terminal.ts';

export interface ProgramRequest {
  env: NodeJS.ProcessEnv;
  terminal: Terminal;
}

export interface Declare extends ProgramRequest {
  done: (code: number) => void;
}

export interface Define extends Declare {
  program: Command;
}

/** Runs a command with everything it works with, and closes that afterwards. */
export async function inContext({ env, terminal, done }: Define, body: (context: Context) => Promise<number>): Promise<void> {
  const { openContext } = await import('./context.ts');
  await using context = await openContext({ env, terminal });
  done(await body(context));
}

/** The same for commands that only show what happened. */
export async function toRead({ env, terminal, done }: Define, body: (context: ReaderContext) => Promise<number>): Promise<void> {
  const { openReaderContext } = await import('./reader-context.ts');
  await using context = await openReaderContext({ env, terminal });
  done(await body(context));
}

export const json = (): Option => new Option('--json', 'print JSON').default(false);
export const phase = (): Option => new Option('--phase <phase>', 'from this phase on').choices(PHASES);
