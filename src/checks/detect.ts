import { packageManagerOf, readPackage } from './package-scripts.ts';
import type { PackageJson, PackageManager, ReadFile } from './package-scripts.ts';
import { OTHERS } from './detect-others.ts';
import { resolveInvocation } from './invocation.ts';
import type { RunnerName } from './runner.ts';
import { runnerFor } from './runners.ts';

export interface Repository {
  /** Paths from the root, at least two folders deep. */
  files: readonly string[];
  readFile: ReadFile;
}

export interface DetectedTest {
  command: string;
  runner: RunnerName;
  /** Why this command, as the end of a sentence. */
  reason: string;
  packageManager?: PackageManager;
}

/** The command that tests a repository, by what lies in it: the first that is found, JavaScript before Python before the rest. */
export async function detectTestCommand(repository: Repository): Promise<DetectedTest | undefined> {
  for (const detect of [fromPackage, fromNodeTests, fromPytest, fromUnittest, ...OTHERS]) {
    const detected = await detect(repository);
    if (detected) return detected;
  }
  return undefined;
}

async function fromPackage({ files, readFile }: Repository): Promise<DetectedTest | undefined> {
  const described = await readPackage(readFile);
  if (described === 'invalid') {
    return { command: 'npm test', runner: 'other', reason: 'package.json is there, but it is not valid', packageManager: 'npm' };
  }
  if (!described) return undefined;
  const packageManager = packageManagerOf(files, described);
  const script = described.scripts['test'];
  if (script?.trim() && !isPlaceholder(script)) {
    const command = `${packageManager} test`;
    const { line } = await resolveInvocation({ command, readFile });
    return { command, runner: runnerFor(line).name, reason: 'package.json has a test script', packageManager };
  }
  const runner = (['vitest', 'jest', 'mocha'] as const).find((name) => hasDependency(described, name));
  if (!runner) return undefined;
  const program = runner === 'vitest' ? 'vitest run' : runner;
  const starter = { npm: 'npx', pnpm: 'pnpm exec', yarn: 'yarn' }[packageManager];
  return { command: `${starter} ${program}`, runner, reason: `package.json depends on ${runner}`, packageManager };
}

/** What `npm init` writes: not a test, but the lack of one. */
const isPlaceholder = (script: string): boolean => /no test specified/i.test(script);

const hasDependency = ({ dependencies, devDependencies }: PackageJson, name: string): boolean =>
  Object.hasOwn(dependencies, name) || Object.hasOwn(devDependencies, name);

async function fromNodeTests({ files, readFile }: Repository): Promise<DetectedTest | undefined> {
  const file = files.find((path) => /(^|\/)(test\/[^/]+|[^/]+[._-]test|test)\.[cm]?[jt]s$/.test(path));
  const source = file === undefined ? undefined : await readFile(file);
  if (file === undefined || !source?.includes('node:test')) return undefined;
  return { command: 'node --test', runner: 'node:test', reason: `${file} uses node:test` };
}

async function fromPytest({ files, readFile }: Repository): Promise<DetectedTest | undefined> {
  const reason = await whyPytest({ files, readFile });
  return reason === undefined ? undefined : { command: `${python(files)} -m pytest`, runner: 'pytest', reason };
}

async function whyPytest({ files, readFile }: Repository): Promise<string | undefined> {
  const named = files.find((path) => /^(.*\/)?conftest\.py$/.test(path) || path === 'pytest.ini' || path === '.pytest.ini');
  if (named) return `there is ${named}`;
  const mentions = { 'pyproject.toml': /pytest/, 'setup.cfg': /\[tool:pytest\]|pytest/, 'tox.ini': /\[pytest\]|pytest/ };
  for (const [path, pattern] of Object.entries(mentions)) {
    if (files.includes(path) && pattern.test((await readFile(path)) ?? '')) return `${path} names pytest`;
  }
  for (const path of files.filter((name) => /^[^/]*requirements[^/]*\.txt$|^requirements\/[^/]+\.txt$/.test(name))) {
    if (/^pytest\b/m.test((await readFile(path)) ?? '')) return `${path} names pytest`;
  }
  return undefined;
}

async function fromUnittest({ files, readFile }: Repository): Promise<DetectedTest | undefined> {
  const tests = files.filter((path) => /(^|\/)test[^/]*\.py$/.test(path));
  const [first] = tests;
  if (first === undefined) return undefined;
  // Functions without a class are pytest's.
  const usesPytest = /^\s*(import pytest|from pytest|def test_|async def test_)/m.test(
    ((await readFile(first)) ?? '').replaceAll(/^\s+def .*/gm, ''),
  );
  if (usesPytest) return { command: `${python(files)} -m pytest`, runner: 'pytest', reason: `${first} is written for pytest` };
  const folder = discoveryFolder(tests, files);
  const command = `${python(files)} -m unittest${folder ? ` discover -s ${folder}` : ''}`;
  return { command, runner: 'unittest', reason: `${first} is there` };
}

/** A plain discovery finds nothing in folders that are no packages. */
function discoveryFolder(tests: string[], files: readonly string[]): string | undefined {
  const folder = tests[0]?.includes('/') ? tests[0].split('/')[0] : undefined;
  if (folder === undefined || files.includes(`${folder}/__init__.py`) || !/^[\w.-]+$/.test(folder)) return undefined;
  return tests.every((path) => path.startsWith(`${folder}/`)) ? folder : undefined;
}

function python(files: readonly string[]): string {
  if (files.includes('uv.lock')) return 'uv run python';
  return files.includes('poetry.lock') ? 'poetry run python' : 'python3';
}

export interface DetectedSetup {
  commands: string[];
  /** Why these, as the end of a sentence. */
  reason: string;
}

/** How a fresh worktree gets its dependencies, by the lock file; nothing where there are none, or where installing would leave files behind. */
export async function detectSetup(repository: Repository): Promise<DetectedSetup | undefined> {
  return (await packageSetup(repository)) ?? pythonSetup(repository) ?? rubySetup(repository);
}

async function packageSetup({ files, readFile }: Repository): Promise<DetectedSetup | undefined> {
  const described = await readPackage(readFile);
  if (!described || described === 'invalid') return undefined;
  const count = Object.keys(described.dependencies).length + Object.keys(described.devDependencies).length;
  if (count === 0) return undefined;
  const manager = packageManagerOf(files, described);
  if (manager === 'pnpm' && files.includes('pnpm-lock.yaml')) return setup('pnpm install --frozen-lockfile', 'there is pnpm-lock.yaml');
  if (manager === 'yarn' && files.includes('yarn.lock')) {
    const isFirstYarn = /^# yarn lockfile v1/m.test((await readFile('yarn.lock')) ?? '');
    return setup(isFirstYarn ? 'yarn install --frozen-lockfile' : 'yarn install --immutable', 'there is yarn.lock');
  }
  const lock = ['package-lock.json', 'npm-shrinkwrap.json'].find((name) => files.includes(name));
  if (manager === 'npm' && lock) return setup('npm ci', `there is ${lock}`);
  const commands = { npm: 'npm install --no-package-lock', pnpm: 'pnpm install --no-lockfile', yarn: 'yarn install --no-lockfile' };
  return setup(commands[manager], 'package.json has dependencies, but there is no lock file');
}

/** Environments that pip makes would lie in the worktree, and be committed: those are for `.belay.yml` to name. */
function pythonSetup({ files }: Repository): DetectedSetup | undefined {
  if (files.includes('uv.lock')) return setup('uv sync', 'there is uv.lock');
  return files.includes('poetry.lock') ? setup('poetry install', 'there is poetry.lock') : undefined;
}

/** Without a lock file it would write one. Go, cargo, maven and gradle fetch what they need when tests are run. */
const rubySetup = ({ files }: Repository): DetectedSetup | undefined =>
  files.includes('Gemfile.lock') ? setup('BUNDLE_FROZEN=true bundle install', 'there is Gemfile.lock') : undefined;

const setup = (command: string, reason: string): DetectedSetup => ({ commands: [command], reason });
