import { makeTarget, recipeOf } from './makefile.ts';
import { readPackage, scriptCall } from './package-scripts.ts';
import type { PackageManager, ReadFile } from './package-scripts.ts';
import { commandsOf, isPlain, lastCommand, splitFolder, wordsOf } from './shell.ts';

/** A command, and what it starts in the end. */
export interface Invocation {
  command: string;
  /** Of a leading `cd folder &&`; else empty. */
  folder: string;
  /** The command behind package scripts: `vitest run` for `npm test`. */
  line: string;
  manager?: PackageManager;
  /** Whether more arguments reach the last program of the line: not through make. */
  takesArguments: boolean;
  /** The command with more arguments for the last program of its line. */
  withArguments(args: string): string;
}

/** More levels than this are a circle. */
const MAX_LEVELS = 5;

/** Follows package scripts and targets of make, `make test` → `npm run unit` → `vitest run`, to what they start. */
export async function resolveInvocation({ command, readFile }: { command: string; readFile: ReadFile }): Promise<Invocation> {
  const { folder, rest } = splitFolder(command);
  const described = await readPackage(readFile, folder);
  const scripts = typeof described === 'object' ? described.scripts : {};
  const managers: PackageManager[] = [];
  let line = rest;
  let takesArguments = true;
  for (let level = 0; level < MAX_LEVELS; level++) {
    const call = scriptCall(lastCommand(line));
    const target = makeTarget(lastCommand(line));
    const next = call ? scripts[call.script] : target && (await recipeOf({ target, readFile, folder }));
    // Beyond a change of folder other scripts hold.
    if (next === undefined || /(^|[;&|(]\s*)cd\s/.test(next)) break;
    if (call) managers.push(call.manager);
    else takesArguments = false;
    line = next;
  }
  const [manager] = managers;
  return {
    command,
    folder,
    line,
    ...(manager ? { manager } : {}),
    takesArguments,
    withArguments: (args) => `${command} ${separators(command, managers)}${args}`,
  };
}

/** npm takes arguments for the script after `--`, once for each level; pnpm and yarn pass them on as they are. */
function separators(command: string, managers: PackageManager[]): string {
  const needed = managers.filter((manager) => manager === 'npm').length;
  const given = wordsOf(command).filter((word) => word === '--').length;
  return '-- '.repeat(Math.max(0, needed - given));
}

/** How a program of the repository's own packages is started. */
export function packageProgram({ manager }: Pick<Invocation, 'manager'>, program: string): string {
  const starters: Record<PackageManager, string> = { npm: 'npx', pnpm: 'pnpm exec', yarn: 'yarn' };
  return `${starters[manager ?? 'npm']} ${program}`;
}

/** A command of our own, in the same folder as the given one. */
export const inFolder = ({ folder }: Pick<Invocation, 'folder'>, command: string): string =>
  folder ? `cd ${folder} && ${command}` : command;

/**
 * The command with words after its program, such as `-json` after `go test`. Nothing where the program is behind a script, or where what it
 * prints goes elsewhere.
 */
export function withWordsAfter({ command, line, folder }: Invocation, program: RegExp, words: string): string | undefined {
  const last = lastCommand(command);
  const isDirect = line === splitFolder(command).rest && line.endsWith(last);
  if (!isDirect || !isPlain(last) || !program.test(last)) return undefined;
  const before = command.trimEnd().slice(0, -last.length);
  // A pipe into the program is no matter, but one of its own would have been the last command.
  return folder || before === '' || /(&&|;)\s*$/.test(before) ? before + last.replace(program, (found) => `${found} ${words}`) : undefined;
}

/** The words of the line's command that starts a program, up to and with the program. */
export function startOf({ line }: Pick<Invocation, 'line'>, isStart: (command: string) => boolean, isProgram: RegExp): string[] {
  const words = wordsOf(commandsOf(line).find(isStart) ?? '');
  return words.slice(0, words.findIndex((word) => isProgram.test(word)) + 1);
}
