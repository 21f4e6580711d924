import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { COMPOSING, LAYERS } from '../lint/layers.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const ROOT = join(import.meta.dirname, '..');
const diagnostics = z.object({ diagnostics: z.array(z.object({ code: z.string(), filename: z.string(), message: z.string() })) });

/** One file per line, because a line that is let through must not hide one that is not. */
const FORBIDDEN: Record<string, string> = {
  'contracts/a package': `import { parse } from 'yaml';`,
  'contracts/node': `import { join } from 'node:path';`,
  'contracts/a layer above': `import { run } from '../process/child.ts';`,
  'workflows/an activity at run time': `import { activities } from '../activities/agent.ts';`,
  'workflows/zod contracts at run time': `import { review } from '../contracts/agent-outputs.ts';`,
  'workflows/phases/zod contracts at run time': `import { review } from '../../contracts/agent-outputs.ts';`,
  'workflows/phases/an adapter': `import { createClaude } from '../../engines/claude.ts';`,
  'workflows/a type of an adapter': `import type { Engine } from '../engines/engine.ts';`,
  'workflows/node': `import { join } from 'node:path';`,
  'workflows/zod': `import { z } from 'zod';`,
  'workflows/a client': `import { Client } from '@temporalio/client';`,
  'activities/a workflow': `import { sdlc } from '../workflows/index.ts';`,
  'activities/a client': `import { Client } from '@temporalio/client';`,
  'activities/intake': `import { start } from '../intake/start.ts';`,
  'engines/Temporal': `import { Context } from '@temporalio/activity';`,
  'engines/another adapter': `import { createLocalForge } from '../forges/local.ts';`,
  'engines/a type of another adapter': `import type { Forge } from '../forges/forge.ts';`,
  'engines/the configuration': `import { loadConfig } from '../config.ts';`,
  'engines/another adapter, when asked': `export const forge = await import('../forges/local.ts');`,
  'engines/another adapter, passed on': `export { createLocalForge } from '../forges/local.ts';`,
  'engines/claude/another adapter': `import { createLocalForge } from '../../forges/local.ts';`,
  'checks/activities': `import { run } from '../activities/checks.ts';`,
  'ledger/Temporal': `import { Client } from '@temporalio/client';`,
  'workspace/another adapter': `import { openLedger } from '../ledger/open-ledger.ts';`,
  'git/an adapter': `import { openLedger } from '../ledger/open-ledger.ts';`,
  'engines/the client of a forge': `import { createGitHubClient } from '../github/client.ts';`,
  'github/an adapter': `import { createGitHubForge } from '../forges/github.ts';`,
  'process/git': `import { mirror } from '../git/mirror.ts';`,
  'temporal/an adapter': `import { openLedger } from '../ledger/open-ledger.ts';`,
  'intake/an activity': `import { activities } from '../activities/agent.ts';`,
};

const ALLOWED: Record<string, string> = {
  'contracts/zod and siblings': `import { z } from 'zod';\nimport { BelayError } from './errors.ts';`,
  'workflows/the SDK and constants': `import { sleep } from '@temporalio/workflow';\nimport { PHASES } from '../contracts/constants.ts';`,
  'workflows/types of activities and contracts': `import type { A } from '../activities/agent.ts';\nimport type { R } from '../contracts/run-view.ts';`,
  'workflows/phases/siblings': `import { Run } from '../run.ts';\nimport type { R } from '../../contracts/run-view.ts';`,
  'activities/adapters': `import { Context } from '@temporalio/activity';\nimport { openLedger } from '../ledger/open-ledger.ts';`,
  'engines/lower layers': `import { run } from '../process/child.ts';\nimport { review } from '../contracts/agent-outputs.ts';\nimport { z } from 'zod';`,
  'engines/claude/lower layers': `import { run } from '../../process/child.ts';\nimport { turn } from '../turn.ts';`,
  'forges/the client of their service': `import { createGitHubClient } from '../github/client.ts';`,
  'cli/environment': `export const home = process.env['BELAY_HOME'];`,
};

/** Lints a copy of the rules over files planted in it; the codes of what was found, by file. */
async function lint(files: Record<string, string>): Promise<Record<string, string[]>> {
  await using directory = await temporaryDirectory();
  for (const name of ['oxlint.config.ts', 'lint']) await cp(join(ROOT, name), join(directory.path, name), { recursive: true });
  await writeFile(join(directory.path, 'package.json'), '{ "type": "module" }');
  await symlink(join(ROOT, 'node_modules'), join(directory.path, 'node_modules'));
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory.path, fileOf(name));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  const { stdout } = await promisify(execFile)(join(ROOT, 'node_modules/.bin/oxlint'), ['--format=json', 'src'], {
    cwd: directory.path,
  }).catch((error: { stdout: string }) => error);
  const found: Record<string, string[]> = {};
  for (const { code, filename } of diagnostics.parse(JSON.parse(stdout)).diagnostics) (found[filename] ??= []).push(code);
  return found;
}

const fileOf = (name: string): string => `src/${name.replaceAll(/[ ,]+/g, '-')}.ts`;

describe('import boundaries', () => {
  let found: Record<string, string[]>;
  beforeAll(async () => {
    const environment = {
      'engines/reads the environment': `export const home = process.env['BELAY_HOME'];`,
      'contracts/constants': `import { BelayError } from './errors.ts';`,
    };
    found = await lint({ ...FORBIDDEN, ...ALLOWED, ...environment });
  });

  it.each(Object.keys(FORBIDDEN))('refuses %s', (name) => {
    expect(found[fileOf(name)]).toContain('belay(boundaries)');
  });

  it.each(Object.keys(ALLOWED))('lets %s through', (name) => {
    expect(found[fileOf(name)] ?? []).not.toContain('belay(boundaries)');
    expect(found[fileOf(name)] ?? []).not.toContain('node(no-process-env)');
  });

  it('refuses any import in what workflows bundle', () => {
    expect(found['src/contracts/constants.ts']).toContain('belay(boundaries)');
  });

  it('leaves the environment to entry points', () => {
    expect(found[fileOf('engines/reads the environment')]).toContain('node(no-process-env)');
  });

  it('knows every folder of src', async () => {
    const files = await readdir(join(ROOT, 'src'), { recursive: true });
    const folders = new Set(files.filter((file) => file.endsWith('.ts') && file.includes(sep)).map((file) => file.split(sep)[0] ?? ''));
    const known = [...COMPOSING, ...LAYERS.map(({ folder }) => folder)];
    expect([...folders].filter((folder) => !known.includes(folder))).toEqual([]);
  });
});
