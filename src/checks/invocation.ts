import { join } from 'node:path';
import { makeTarget, readMakefile, recipeOf } from './makefile.ts';
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

interface Followed {
  line: string;
  folder: string;
}

/** Follows package scripts and targets of make, `make test` → `npm run unit` → `vitest run`, to what they start. */
export async function resolveInvocation({ command, readFile }: { command: string; readFile: ReadFile }): Promise<Invocation> {
  const start = splitFolder(command);
  const managers: PackageManager[] = [];
  let followed: Followed = { line: start.rest, folder: start.folder };
  let takesArguments = true;
  for (let level = 0; level < MAX_LEVELS; level++) {
    const call = scriptCall(lastCommand(followed.line));
    const text = await (call ? scriptOf(call.script, readFile, followed.folder) : targetOf(followed, readFile));
    const next = text === undefined ? undefined : within(followed.folder, text);
    if (!next) break;
    if (call) managers.push(call.manager);
    else takesArguments = false;
    followed = next;
  }
  const [manager] = managers;
  return {
    command,
    ...followed,
    ...(manager ? { manager } : {}),
    takesArguments,
    withArguments: (args) => `${command} ${separators(command, managers)}${args}`,
  };
}

async function scriptOf(name: string, readFile: ReadFile, folder: string): Promise<string | undefined> {
  const described = await readPackage(readFile, folder);
  return typeof described === 'object' && Object.hasOwn(described.scripts, name) ? described.scripts[name] : undefined;
}

async function targetOf({ line, folder }: Followed, readFile: ReadFile): Promise<string | undefined> {
  const target = makeTarget(lastCommand(line));
  const makefile = target === undefined ? undefined : await readMakefile(readFile, folder);
  return target !== undefined && makefile ? recipeOf(makefile.text, target) : undefined;
}

/** A script may go to another folder first, where other scripts hold. Nothing where it is not known which folder that is. */
function within(folder: string, script: string): Followed | undefined {
  const { folder: inner, rest } = splitFolder(script);
  const there = inner ? join(folder, inner) : folder;
  return /(^|[;&|(]\s*)cd\s/.test(rest) || there.startsWith('..') || there.startsWith('/') ? undefined : { line: rest, folder: there };
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
