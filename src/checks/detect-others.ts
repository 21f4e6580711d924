import type { DetectedTest, Repository } from './detect.ts';
import { readMakefile, targetsOf } from './makefile.ts';
import { resolveInvocation } from './invocation.ts';
import { runnerFor } from './runners.ts';

type Detect = (repository: Repository) => Promise<DetectedTest | undefined>;

const fromCargo: Detect = async ({ files }) =>
  files.includes('Cargo.toml') ? { command: 'cargo test', runner: 'cargo test', reason: 'there is Cargo.toml' } : undefined;

const fromGo: Detect = async ({ files }) =>
  files.includes('go.mod') ? { command: 'go test ./...', runner: 'go test', reason: 'there is go.mod' } : undefined;

const fromMaven: Detect = async ({ files }) => {
  if (!files.includes('pom.xml')) return undefined;
  return { command: `${files.includes('mvnw') ? './mvnw' : 'mvn'} -B test`, runner: 'maven', reason: 'there is pom.xml' };
};

const GRADLE_FILES = ['build.gradle', 'build.gradle.kts', 'settings.gradle', 'settings.gradle.kts'];

const fromGradle: Detect = async ({ files }) => {
  const named = GRADLE_FILES.find((name) => files.includes(name));
  if (named === undefined) return undefined;
  // Without it a suite stops at the first module that fails.
  const command = `${files.includes('gradlew') ? './gradlew' : 'gradle'} test --continue`;
  return { command, runner: 'gradle', reason: `there is ${named}` };
};

const fromRspec: Detect = async ({ files }) => {
  const named = files.find((path) => path === '.rspec' || /^spec\/.*_spec\.rb$/.test(path));
  if (named === undefined) return undefined;
  return { command: files.includes('Gemfile') ? 'bundle exec rspec' : 'rspec', runner: 'rspec', reason: `there is ${named}` };
};

const fromMake: Detect = async ({ readFile }) => {
  const makefile = await readMakefile(readFile);
  if (!makefile || !targetsOf(makefile.text).includes('test')) return undefined;
  const { line } = await resolveInvocation({ command: 'make test', readFile });
  return { command: 'make test', runner: runnerFor(line).name, reason: `${makefile.name} has the target test` };
};

/** Beyond JavaScript and Python, in the order in which they are looked for. */
export const OTHERS: readonly Detect[] = [fromCargo, fromGo, fromMaven, fromGradle, fromRspec, fromMake];
