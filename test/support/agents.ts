import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { acquireLock } from '../../src/process/exclusive-lock.ts';

const folder = new URL('../agents/', import.meta.url).pathname;
/** Ignored by git. */
const cache = join(folder, '.cache');
const packageFolder = join(folder, 'node_modules', '@anthropic-ai', 'claude-code');

/** The agents' programs. */
export interface Agents {
  claude: string;
}

/** Installs the agent CLIs of test/agents once for all test files and processes, and says where they are. */
export function installAgents(): Promise<Agents> {
  return (installed ??= install());
}

let installed: Promise<Agents> | undefined;

async function install(): Promise<Agents> {
  const claude = join(folder, 'node_modules', '.bin', 'claude');
  await mkdir(cache, { recursive: true });
  using _lock = await acquireLock({ path: join(cache, 'install.lock'), waitMs: 300_000 });
  if (!(await runs(claude))) {
    await execa('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });
    // Puts the program for this platform in place; npm runs it only when install scripts are allowed.
    await execa(process.execPath, ['install.cjs'], { cwd: packageFolder });
    if (!(await runs(claude))) throw new Error(`claude does not run after its installation in ${folder}`);
  }
  return { claude };
}

async function runs(program: string): Promise<boolean> {
  if (!existsSync(program)) return false;
  const { exitCode } = await execa(program, ['--version'], { reject: false, stdin: 'ignore', env: { CLAUDE_CONFIG_DIR: cache } });
  return exitCode === 0;
}
