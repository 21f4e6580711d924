import type { ReadFile } from './package-scripts.ts';

/** In make's own order. */
const MAKEFILES = ['GNUmakefile', 'makefile', 'Makefile'];

/** The one target that a plain call of make names. */
export const makeTarget = (command: string): string | undefined => /^make(?:\s+-[sk]+)*\s+([A-Za-z][\w.-]*)$/.exec(command)?.[1];

/** The commands of a target's recipe as one line; nothing where it has none, or where it is not known what they would be. */
export async function recipeOf({
  target,
  readFile,
  folder,
}: {
  target: string;
  readFile: ReadFile;
  folder: string;
}): Promise<string | undefined> {
  const text = await readMakefile(readFile, folder);
  if (text === undefined) return undefined;
  const lines = text.replaceAll(/\\\n\s*/g, ' ').split('\n');
  const start = lines.findIndex((line) => line.startsWith(target) && /^\s*::?(?!=)/.test(line.slice(target.length)));
  if (start < 0) return undefined;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => !line.startsWith('\t'));
  const recipe = (end < 0 ? rest : rest.slice(0, end)).map((line) => line.replace(/^\t[@+-]*\s*/, '').trim()).filter(Boolean);
  return recipe.length === 0 ? undefined : expanded(recipe.join(' && '), variablesOf(lines));
}

async function readMakefile(readFile: ReadFile, folder: string): Promise<string | undefined> {
  for (const name of MAKEFILES) {
    const text = await readFile(folder ? `${folder}/${name}` : name);
    if (text !== undefined) return text;
  }
  return undefined;
}

function variablesOf(lines: string[]): Map<string, string> {
  const settings = lines.map((line) => /^([A-Za-z_]\w*)\s*[:?]?:?=\s*(.*?)\s*$/.exec(line)).filter((found) => found !== null);
  return new Map(settings.map(([, name = '', value = '']) => [name, value]));
}

/** Plain variables alone: what make would compute stays as it is written. */
const expanded = (line: string, variables: Map<string, string>): string =>
  line.replaceAll(/\$[({](\w+)[)}]/g, (found, name: string) => variables.get(name) ?? found).replaceAll('$$', '$');
