import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import type { ScriptTurn } from './script.ts';
import { invalid } from './script-turns.ts';

export interface Edit {
  tool: 'Write' | 'Edit';
  path: string;
  apply: () => void;
}

/** A turn's edits in the order they are made: `write`, then `replace`. Throws script_invalid when one cannot be made. */
export function editsOf(
  { write = {}, replace = [] }: ScriptTurn,
  { workspace, isReplay }: { workspace: string; isReplay: boolean },
): Edit[] {
  const writes = Object.entries(write).map(([path, content]): Edit => ({
    tool: 'Write',
    path,
    apply: () => writeInside(workspace, path, content),
  }));
  const replaces = replace.map((edit): Edit => ({
    tool: 'Edit',
    path: edit.path,
    apply: () => replaceInside({ ...edit, workspace, isReplay }),
  }));
  return [...writes, ...replaces];
}

function writeInside(workspace: string, path: string, content: string): void {
  const target = insideWorkspace(workspace, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
}

interface Replace {
  workspace: string;
  path: string;
  find: string;
  with: string;
  isReplay: boolean;
}

/** A turn that was killed is played again, so an edit that was made already is fine. */
function replaceInside({ workspace, path, find, with: replacement, isReplay }: Replace): void {
  const target = insideWorkspace(workspace, path);
  const before = textOf(target, path);
  if (before.includes(find)) {
    // A function, because `$&` in a replacement text means something to `replace`.
    writeFileSync(
      target,
      before.replace(find, () => replacement),
    );
    return;
  }
  if (isReplay || (replacement !== '' && before.includes(replacement))) return;
  throw invalid([`replace: ${path} does not hold ${JSON.stringify(find.slice(0, 200))}`]);
}

function textOf(target: string, path: string): string {
  try {
    return readFileSync(target, 'utf8');
  } catch (error) {
    throw invalid([`replace: ${path} cannot be read in the workspace`], error);
  }
}

/** The absolute path, which no `..` and no symbolic link leads out of the workspace. */
function insideWorkspace(workspace: string, path: string): string {
  const root = realpathSync(workspace);
  const target = resolve(root, path);
  if (!isBelow(root, target) || !isBelow(root, resolve(nearestReal(target), '.'))) {
    throw invalid([`${path} is outside the workspace`]);
  }
  return target;
}

function isBelow(root: string, target: string): boolean {
  const way = relative(root, target);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`));
}

/** The real path of the nearest thing on the way to `target` that exists. */
function nearestReal(target: string): string {
  try {
    return realpathSync(target);
  } catch {
    return nearestReal(dirname(target));
  }
}
