import { describe, expect, it } from 'vitest';
import { detectSetup, detectTestCommand } from '../../src/checks/detect.ts';

const repository = (texts: Record<string, string>) => ({ files: Object.keys(texts), readFile: async (path: string) => texts[path] });
const test = (script: string, more = {}) => JSON.stringify({ scripts: { test: script }, ...more });

describe('detectTestCommand', () => {
  it.each([
    ['npm', { 'package.json': test('vitest run'), 'package-lock.json': '' }, 'npm test', 'vitest'],
    ['pnpm by its lock file', { 'package.json': test('jest --ci'), 'pnpm-lock.yaml': '' }, 'pnpm test', 'jest'],
    ['yarn by its lock file', { 'package.json': test('node --test'), 'yarn.lock': '' }, 'yarn test', 'node:test'],
    ['pnpm by the field of corepack', { 'package.json': test('mocha', { packageManager: 'pnpm@10.1.0' }) }, 'pnpm test', 'mocha'],
    ['a runner without a script', { 'package.json': '{"devDependencies":{"vitest":"5"}}' }, 'npx vitest run', 'vitest'],
    ['node:test without a script', { 'test/a.test.js': "import test from 'node:test'" }, 'node --test', 'node:test'],
    ['pytest by its settings', { 'pyproject.toml': '[tool.pytest.ini_options]' }, 'python3 -m pytest', 'pytest'],
    ['pytest by its requirements', { 'requirements-dev.txt': 'pytest==9\n', 'tests/test_a.py': '' }, 'python3 -m pytest', 'pytest'],
    ['pytest by its tests', { 'tests/test_a.py': 'def test_a():\n    assert 1\n' }, 'python3 -m pytest', 'pytest'],
    ['pytest under uv', { 'conftest.py': '', 'uv.lock': '' }, 'uv run python -m pytest', 'pytest'],
    ['unittest in a package', { 'tests/__init__.py': '', 'tests/test_a.py': unittestFile() }, 'python3 -m unittest', 'unittest'],
    ['unittest in a folder', { 'tests/test_a.py': unittestFile() }, 'python3 -m unittest discover -s tests', 'unittest'],
    ['cargo', { 'Cargo.toml': '' }, 'cargo test', 'cargo test'],
    ['go', { 'go.mod': '' }, 'go test ./...', 'go test'],
    ['mocha without a script', { 'package.json': '{"devDependencies":{"mocha":"11"}}' }, 'npx mocha', 'mocha'],
    ['maven', { 'pom.xml': '' }, 'mvn -B test', 'maven'],
    ['maven by its wrapper', { 'pom.xml': '', mvnw: '' }, './mvnw -B test', 'maven'],
    ['gradle', { 'settings.gradle.kts': '' }, 'gradle test --continue', 'gradle'],
    ['gradle by its wrapper', { 'build.gradle': '', gradlew: '' }, './gradlew test --continue', 'gradle'],
    ['rspec under bundler', { Gemfile: '', 'spec/sums_spec.rb': '' }, 'bundle exec rspec', 'rspec'],
    ['rspec alone', { '.rspec': '' }, 'rspec', 'rspec'],
    ['pytest behind make', { Makefile: 'PYTHON ?= python3\ntest:\n\t@$(PYTHON) -m pytest -q\n' }, 'make test', 'pytest'],
    ['make', { Makefile: 'build:\n\ttrue\ntest: build\n\ttrue\n' }, 'make test', 'other'],
  ])('finds %s', async (_, texts, command, runner) => {
    expect(await detectTestCommand(repository(texts as Record<string, string>))).toMatchObject({ command, runner });
  });

  it('says why', async () => {
    expect(await detectTestCommand(repository({ 'package.json': test('vitest') }))).toMatchObject({
      reason: 'package.json has a test script',
      packageManager: 'npm',
    });
  });

  it('follows scripts that start scripts', async () => {
    const scripts = { test: 'npm run lint && npm run unit', lint: 'eslint .', unit: 'vitest run' };
    expect(await detectTestCommand(repository({ 'package.json': JSON.stringify({ scripts }) }))).toMatchObject({ runner: 'vitest' });
  });

  it('survives scripts that start themselves', async () => {
    expect(await detectTestCommand(repository({ 'package.json': test('npm test') }))).toMatchObject({ runner: 'other' });
  });

  it.each([
    ['nothing is there', {}],
    ["npm's placeholder is all there is", { 'package.json': test('echo "Error: no test specified" && exit 1') }],
    ['the script is empty', { 'package.json': test('  ') }],
    ['make has a variable of that name', { Makefile: 'test := 1\n' }],
    ['tests are only a folder of data', { 'test/data.js': 'export const data = 1' }],
  ])('finds none where %s', async (_, texts) => {
    expect(await detectTestCommand(repository(texts as Record<string, string>))).toBeUndefined();
  });

  it('goes on to other languages behind the placeholder', async () => {
    const texts = { 'package.json': test('echo "Error: no test specified" && exit 1'), 'go.mod': '' };
    expect(await detectTestCommand(repository(texts))).toMatchObject({ command: 'go test ./...' });
  });

  it('lets npm itself say what is wrong with a broken package.json', async () => {
    expect(await detectTestCommand(repository({ 'package.json': '{' }))).toMatchObject({ command: 'npm test', runner: 'other' });
  });
});

describe('detectSetup', () => {
  const dependent = '{"dependencies":{"a":"1"}}';
  it.each([
    ['npm ci', { 'package.json': dependent, 'package-lock.json': '' }],
    ['pnpm install --frozen-lockfile', { 'package.json': dependent, 'pnpm-lock.yaml': '' }],
    ['yarn install --frozen-lockfile', { 'package.json': dependent, 'yarn.lock': '# yarn lockfile v1\n' }],
    ['yarn install --immutable', { 'package.json': dependent, 'yarn.lock': '__metadata:\n' }],
    ['npm install --no-package-lock', { 'package.json': '{"devDependencies":{"a":"1"}}' }],
    ['BUNDLE_FROZEN=true bundle install', { Gemfile: '', 'Gemfile.lock': '' }],
    ['uv sync', { 'uv.lock': '', 'pyproject.toml': '' }],
  ])('sets up by `%s`', async (command, texts) => {
    const detected = await detectSetup(repository(texts));
    expect(detected?.commands).toEqual([command]);
    expect(detected?.reason).not.toBe('');
  });

  it.each([
    ['there are no dependencies', { 'package.json': '{}', 'package-lock.json': '' }],
    ['bundler would leave a lock file in the worktree', { Gemfile: '' }],
    ['pip would leave files in the worktree', { 'requirements.txt': 'pytest' }],
    ['package.json is broken', { 'package.json': '{' }],
  ])('does nothing where %s', async (_, texts) => {
    expect(await detectSetup(repository(texts as Record<string, string>))).toBeUndefined();
  });
});

function unittestFile(): string {
  return 'import unittest\n\nclass A(unittest.TestCase):\n    def test_a(self):\n        pass\n';
}
