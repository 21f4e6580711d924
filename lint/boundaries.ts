import { posix } from 'node:path';
import { BUNDLED, LAYERS } from './layers.ts';
import type { Layer } from './layers.ts';

/** The part of an import or export that matters here (ESTree, with TypeScript's `import type`). */
interface ImportNode {
  source?: { type: string; value?: unknown } | null;
  importKind?: 'type' | 'value';
  exportKind?: 'type' | 'value';
}

interface RuleContext {
  filename: string;
  report(problem: { node: ImportNode; message: string }): void;
}

const isFolder = (path: string): boolean => path.endsWith('/');
const isWithin = (target: string, paths: string[]): boolean =>
  paths.some((path) => (isFolder(path) ? target.startsWith(path) : target === path));

/** The file's path below the last `src/`, or nothing for files elsewhere. */
function pathInSource(filename: string): string | undefined {
  const path = filename.replaceAll('\\', '/');
  const start = path.lastIndexOf('/src/');
  return start < 0 ? undefined : path.slice(start + '/src/'.length);
}

/** Why this file may not import that, or nothing if it may. */
function objection(file: string, layer: Layer, source: string, typeOnly: boolean): string | undefined {
  if (BUNDLED.includes(file)) return 'workflows bundle this file, so it imports nothing';
  if (!source.startsWith('.')) return typeOnly || (layer.packages?.(source) ?? true) ? undefined : layer.why;
  const target = posix.join(posix.dirname(file), source);
  const allowed = [`${layer.folder}/`, ...layer.mayImport, ...(typeOnly ? (layer.mayImportTypesOf ?? []) : [])];
  return isWithin(target, allowed) ? undefined : layer.why;
}

function create(context: RuleContext): Record<string, (node: ImportNode) => void> {
  const file = pathInSource(context.filename);
  const layer = LAYERS.find(({ folder }) => file?.startsWith(`${folder}/`));
  if (!file || !layer) return {};
  const check = (node: ImportNode): void => {
    if (typeof node.source?.value !== 'string') return;
    const typeOnly = node.importKind === 'type' || node.exportKind === 'type';
    const why = objection(file, layer, node.source.value, typeOnly);
    if (why) context.report({ node, message: `"${node.source.value}" is out of bounds: ${why}.` });
  };
  return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check, ImportExpression: check };
}

/** An oxlint plugin with one rule, `belay/boundaries`: who may import whom. */
export default { meta: { name: 'belay' }, rules: { boundaries: { create } } };
