#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';

// Before anything else is loaded: what was compiled (and stripped of its types) once is not compiled again. Not in Node's own place, a
// temporary folder that others can write to before us: what is in there is run. Coverage of cached code is less exact.
if (!process.env['NODE_V8_COVERAGE']) enableCompileCache(join(cacheFolder(process.env), 'compiled'));
await import('./cli/main.ts');
