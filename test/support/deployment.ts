import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { declareCommands } from '../../src/cli/program.ts';
import { secretOfFile } from '../../src/config-secrets.ts';
import { VARIABLE_NAMES } from '../../src/config-variables.ts';

export const ROOT = join(import.meta.dirname, '../..');
/** What Belay may take to stop, with some time more. */
export const STOP_S = 25;

export const textOf = (file: string): Promise<string> => readFile(join(ROOT, file), 'utf8');

/** A setting that Belay knows, or the file of a secret. */
export const isSetting = (name: string): boolean => VARIABLE_NAMES.some((known) => known === name) || secretOfFile(name) !== undefined;
/** Not Belay's to know: who starts its processes does. */
export const OTHERS = ['HOME', 'NODE_ENV', 'CLAUDE_CONFIG_DIR'];

/** Whether the command line takes this, as `belay worker --roles runner`. */
export async function isCommand([program, ...words]: readonly string[]): Promise<boolean> {
  const nothing = (): void => {};
  const terminal = { live: false, piped: true, out: nothing, note: nothing, exact: nothing };
  const commands = declareCommands({ env: {}, terminal, done: nothing });
  let called = 0;
  const listen = (command: Command): void => {
    command.commands.forEach(listen);
    if (command.commands.length === 0) command.action(() => void called++);
  };
  listen(commands);
  await commands.parseAsync(words, { from: 'user' }).catch(nothing);
  return program === 'belay' && called === 1;
}
