import { z } from 'zod';

export type PackageManager = 'npm' | 'pnpm' | 'yarn';

/** Reads a file of the repository by its path in it; nothing if it is not there. */
export type ReadFile = (path: string) => Promise<string | undefined>;

const packageJson = z.object({
  scripts: z.record(z.string(), z.string()).default({}),
  dependencies: z.record(z.string(), z.unknown()).default({}),
  devDependencies: z.record(z.string(), z.unknown()).default({}),
  packageManager: z.string().optional(),
});
export type PackageJson = z.infer<typeof packageJson>;

/** What package.json says; `invalid` where it is there and cannot be understood. */
export async function readPackage(readFile: ReadFile, folder = ''): Promise<PackageJson | 'invalid' | undefined> {
  const text = await readFile(folder ? `${folder}/package.json` : 'package.json');
  if (text === undefined) return undefined;
  try {
    return packageJson.parse(JSON.parse(text));
  } catch {
    return 'invalid';
  }
}

/** By the field that corepack reads, else by the lock file. */
export function packageManagerOf(files: readonly string[], described: PackageJson): PackageManager {
  const named = described.packageManager?.split('@')[0];
  if (named === 'pnpm' || named === 'yarn' || named === 'npm') return named;
  if (files.includes('pnpm-lock.yaml')) return 'pnpm';
  return files.includes('yarn.lock') ? 'yarn' : 'npm';
}

const TEST_ALIASES = ['t', 'tst'];

/** The package script that a command starts, such as `test` for `npm run test -- --bail`. */
export function scriptCall(command: string): { manager: PackageManager; script: string } | undefined {
  const [, manager, run, name] = /^(npm|pnpm|yarn)\s+(run(?:-script)?\s+)?([\w:.-]+)(?=\s|$)/.exec(command) ?? [];
  if (!manager || !name) return undefined;
  const script = !run && TEST_ALIASES.includes(name) ? 'test' : name;
  // npm knows few scripts without `run`; its other words are its own commands.
  if (manager === 'npm' && !run && script !== 'test') return undefined;
  return { manager: manager as PackageManager, script };
}
