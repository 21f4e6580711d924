import { createHash } from 'node:crypto';
import { realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Mirror } from '../git/mirror.ts';
import { findExecutable } from '../process/executable.ts';

/** Files that say what a setup installs, by whichever tool. */
const SAYS_WHAT_IS_INSTALLED =
  /^(package\.json|package-lock\.json|npm-shrinkwrap\.json|\.npmrc|pnpm-lock\.yaml|pnpm-workspace\.yaml|\.pnpmfile\.cjs|yarn\.lock|\.yarnrc(\.yml)?|bun\.lockb?|\.nvmrc|\.node-version|\.tool-versions|\.python-version|.*requirements.*\.txt|pyproject\.toml|setup\.(py|cfg)|uv\.lock|poetry\.lock|Pipfile(\.lock)?|Gemfile(\.lock)?|Cargo\.(toml|lock)|go\.(mod|sum)|composer\.(json|lock)|pom\.xml|build\.gradle(\.kts)?|gradle\.lockfile)$/;
/** What is installed may be built for the very program that runs it. */
const RUNTIMES = ['node', 'python3', 'ruby'];

export interface SetupKeyInput {
  mirror: Mirror;
  /** The commit that the setup runs on. */
  commit: string;
  folder?: string | undefined;
  commands: readonly string[];
  paths: readonly string[];
  env: Record<string, string>;
}

/** Everything that what a setup makes is taken to depend on, as a hash. */
export async function setupKey({ mirror, commit, folder, commands, paths, env }: SetupKeyInput): Promise<string> {
  const files = (await mirror.listBlobs(commit)).filter(({ path }) => SAYS_WHAT_IS_INSTALLED.test(basename(path)));
  const runtimes = RUNTIMES.map((name) => [name, runtimeOf(name, env)]);
  return hashOf(JSON.stringify({ version: 1, folder, commands, paths, files, runtimes, system: [process.platform, process.arch] }));
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Another version is another file, or the same one with another time and size. */
function runtimeOf(name: string, env: Record<string, string>): string {
  const found = findExecutable(name, { path: env['PATH'], cwd: '/' });
  if (!found) return '';
  const { size, mtimeMs } = statSync(found);
  return `${realpathSync(found)} ${size} ${mtimeMs}`;
}
