import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { acquireLock } from '../../src/process/exclusive-lock.ts';

const folder = new URL('../agents/', import.meta.url).pathname;
const packageFolder = join(folder, 'node_modules', '@anthropic-ai', 'claude-code');

/** The folders that hold the agents' programs, for a PATH. */
export interface Agents {
  claude: string;
}

/** Installs the agent CLIs of test/agents once for all test files and processes, and says where they are. */
export async function installAgents(): Promise<Agents> {
  const claude = join(folder, 'node_modules', '.bin', 'claude');
  using _lock = await acquireLock({ path: join(folder, '.install.lock'), waitMs: 300_000 });
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
  const { exitCode } = await execa(program, ['--version'], { reject: false, stdin: 'ignore', env: { CLAUDE_CONFIG_DIR: folder } });
  return exitCode === 0;
}
