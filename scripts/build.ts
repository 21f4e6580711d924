import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type * as WorkflowBundle from '../src/temporal/workflow-bundle.ts';

/** `npm run build`: dist/, as the package ships it, with the pipelines bundled ahead. npm runs it before it packs. */

const DIST = new URL('../dist/', import.meta.url);

await rm(DIST, { recursive: true, force: true });
const compiled = spawnSync('tsc', ['--project', fileURLToPath(new URL('../tsconfig.build.json', import.meta.url))], { stdio: 'inherit' });
if (compiled.status !== 0) throw new Error('The sources could not be compiled.', { cause: compiled.error });
// By the compiled code, so that it is the bundle which that code looks for.
const { bundleAhead } = (await import(new URL('temporal/workflow-bundle.js', DIST).href)) as typeof WorkflowBundle;
await bundleAhead();
