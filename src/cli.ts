#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Before anything else is loaded: what was compiled (and stripped of its types) once is not compiled again.
// Coverage of cached code is less exact.
if (!process.env['NODE_V8_COVERAGE']) enableCompileCache();
await import('./cli/main.ts');
