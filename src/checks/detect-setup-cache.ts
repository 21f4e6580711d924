import type { Repository } from './detect.ts';
import { readPackage } from './package-scripts.ts';

const PLAIN_INSTALL = /^(npm ci|pnpm install --frozen-lockfile|yarn install --(frozen-lockfile|immutable))$/;
const LOCK_FILES = ['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'yarn.lock'];
/** They run with the installation and may make anything anywhere. */
/** Installed by copying, from where no lock file sees what changes. */
const LOCAL = /^(?:file|link|portal):/;
const LIFECYCLE = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare', 'dependencies'];

/**
 * The folders that a setup makes and that depend on nothing but lock files. Only where that is plain: one install command, a lock file,
 * no scripts of the project's own that run with it, no workspaces (whose folders lie in many places), no packages out of the repository.
 */
export async function detectSetupCache({ commands, files, readFile }: Repository & { commands: readonly string[] }): Promise<string[]> {
  const [command, ...more] = commands;
  if (!command || more.length > 0 || !PLAIN_INSTALL.test(command) || !LOCK_FILES.some((name) => files.includes(name))) return [];
  const described = await readPackage(readFile);
  if (!described || described === 'invalid' || LIFECYCLE.some((name) => Object.hasOwn(described.scripts, name))) return [];
  if (Object.values({ ...described.dependencies, ...described.devDependencies }).some((from) => LOCAL.test(String(from)))) return [];
  const text = (await readFile('package.json')) ?? '{}';
  const hasWorkspaces = Object.hasOwn(JSON.parse(text) as object, 'workspaces') || files.includes('pnpm-workspace.yaml');
  return hasWorkspaces ? [] : ['node_modules'];
}
