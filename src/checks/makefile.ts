import type { ReadFile } from './package-scripts.ts';

/** In make's own order. */
const MAKEFILES = ['GNUmakefile', 'makefile', 'Makefile'];

/** The one target that a plain call of make names. */
export const makeTarget = (command: string): string | undefined => /^make(?:\s+-[sk]+)*\s+([A-Za-z][\w.-]*)$/.exec(command)?.[1];

export async function readMakefile(readFile: ReadFile, folder = ''): Promise<{ name: string; text: string } | undefined> {
  for (const name of MAKEFILES) {
    const text = await readFile(folder ? `${folder}/${name}` : name);
    if (text !== undefined) return { name, text };
  }
  return undefined;
}

const TARGET = /^([A-Za-z][\w.-]*)\s*::?(?!=)/;

/** Those that have a rule of their own. */
export const targetsOf = (text: string): string[] => text.split('\n').flatMap((line) => TARGET.exec(line)?.[1] ?? []);

/** The commands of a target's recipe as one line; nothing where it has none. */
export function recipeOf(text: string, target: string): string | undefined {
  const lines = text.replaceAll(/\\\n\s*/g, ' ').split('\n');
  const start = lines.findIndex((line) => TARGET.exec(line)?.[1] === target);
  if (start < 0) return undefined;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => !line.startsWith('\t'));
  const recipe = (end < 0 ? rest : rest.slice(0, end)).map((line) => line.replace(/^\t[@+-]*\s*/, '').trim()).filter(Boolean);
  return recipe.length === 0 ? undefined : expanded(recipe.join(' && '), variablesOf(lines));
}

function variablesOf(lines: string[]): Map<string, string> {
  const settings = lines.map((line) => /^([A-Za-z_]\w*)\s*(?:::?|\?)?=\s*(.*?)\s*$/.exec(line)).filter((found) => found !== null);
  return new Map(settings.map(([, name = '', value = '']) => [name, value]));
}

/** Plain variables alone: what make would compute stays as it is written. */
const expanded = (line: string, variables: Map<string, string>): string =>
  line.replaceAll(/\$[({](\w+)[)}]/g, (found, name: string) => variables.get(name) ?? found).replaceAll('$$', '$');
