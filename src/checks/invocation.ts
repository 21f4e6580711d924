import { readPackage, scriptCall } from './package-scripts.ts';
import type { PackageManager, ReadFile } from './package-scripts.ts';
import { lastCommand, splitFolder, wordsOf } from './shell.ts';

/** A command, and what it starts in the end. */
export interface Invocation {
  command: string;
  /** Of a leading `cd folder &&`; else empty. */
  folder: string;
  /** The command behind package scripts: `vitest run` for `npm test`. */
  line: string;
  manager?: PackageManager;
  /** The command with more arguments for the last program of its line. */
  withArguments(args: string): string;
}

/** More levels than this are a circle. */
const MAX_LEVELS = 5;

/** Follows package scripts, `npm test` → `npm run unit` → `vitest run`, to what they start. */
export async function resolveInvocation({ command, readFile }: { command: string; readFile: ReadFile }): Promise<Invocation> {
  const { folder, rest } = splitFolder(command);
  const described = await readPackage(readFile, folder);
  const scripts = typeof described === 'object' ? described.scripts : {};
  const managers: PackageManager[] = [];
  let line = rest;
  for (let level = 0; level < MAX_LEVELS; level++) {
    const call = scriptCall(lastCommand(line));
    const script = call && scripts[call.script];
    if (!call || script === undefined) break;
    managers.push(call.manager);
    line = script;
  }
  const [manager] = managers;
  return {
    command,
    folder,
    line,
    ...(manager ? { manager } : {}),
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
