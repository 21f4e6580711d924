import { spawnSync } from 'node:child_process';
import { copyFile, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import type * as WorkflowBundle from '../src/temporal/workflow-bundle.ts';

/** `npm run build`: dist/, as the package ships it, with the pipelines bundled ahead. npm runs it before it packs. */

const DIST = new URL('../dist/', import.meta.url);
const MODULES = fileURLToPath(new URL('../node_modules/', import.meta.url));
/** What `belay list` loads, in hundreds of small ES modules: as one file each it starts in half the time. */
const LIBRARIES = ['commander', 'kysely', 'kysely/migration', 'zod'];
const IMPORT = new RegExp(`(?<= from |import\\()'(${LIBRARIES.join('|')})'`, 'g');

await rm(DIST, { recursive: true, force: true });
const compiled = spawnSync('tsc', ['--project', fileURLToPath(new URL('../tsconfig.build.json', import.meta.url))], { stdio: 'inherit' });
if (compiled.status !== 0) throw new Error('The sources could not be compiled.', { cause: compiled.error });
await bundleLibraries();
// By the compiled code, so that it is the bundle which that code looks for.
const { bundleAhead } = (await import(new URL('temporal/workflow-bundle.js', DIST).href)) as typeof WorkflowBundle;
await bundleAhead();

function fileOf(library: string): string {
  return library.replaceAll('/', '-');
}

/** Writes the libraries as a file each, and has the compiled code load those. */
async function bundleLibraries(): Promise<void> {
  const dist = fileURLToPath(DIST);
  const dir = path.join(dist, 'libraries');
  const input = Object.fromEntries(LIBRARIES.map((library) => [fileOf(library), fileURLToPath(import.meta.resolve(library))]));
  const compiled = (await readdir(dist, { recursive: true })).filter((entry) => entry.endsWith('.js'));
  // One build for all: what they share is loaded once.
  await build({ input, platform: 'node', output: { dir, format: 'esm' }, logLevel: 'warn' });
  const packages = new Set(LIBRARIES.map((library) => library.split('/', 1)[0] ?? library));
  for (const name of packages) await copyFile(path.join(MODULES, name, 'LICENSE'), path.join(dir, `${name}.LICENSE`));
  for (const entry of compiled) {
    const file = path.join(dist, entry);
    const code = await readFile(file, 'utf8');
    const folder = path.relative(path.dirname(file), dir);
    await writeFile(
      file,
      code.replaceAll(IMPORT, (_, library: string) => `'./${path.join(folder, `${fileOf(library)}.js`)}'`),
    );
  }
}
