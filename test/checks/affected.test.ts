import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { affectedCommand } from '../../src/checks/affected.ts';
import { lendPackages, packageJson, project } from './project.ts';
import type { Project } from './project.ts';

const goWorks = spawnSync('go', ['version']).status === 0;
const texts = (files: Record<string, string>) => ({ readFile: async (path: string) => files[path] });
const filesOf = ({ path }: Project) => ({ readFile: async (file: string) => readFile(join(path, file), 'utf8').catch(() => undefined) });

describe('affectedCommand', () => {
  it.each([
    ['vitest', 'vitest run', ['src/a b.ts'], `npx vitest related --run --passWithNoTests 'src/a b.ts'`],
    [
      'vitest with options',
      'TZ=UTC vitest run src --coverage --config vite.ts --bail=1',
      ['src/a.ts'],
      'TZ=UTC npx vitest related --run --passWithNoTests --bail=1 --config=vite.ts src/a.ts',
    ],
    ['jest', 'jest --ci', ['src/a.ts'], 'npm test -- --passWithNoTests --findRelatedTests src/a.ts'],
    ['jest with coverage', 'jest --coverage', ['src/a.ts'], 'npx jest --passWithNoTests --findRelatedTests src/a.ts'],
    ['mocha', 'mocha', ['src/a.js', 'test/a.js'], 'npx mocha test/a.js'],
    ['node:test', 'node --test test/*.js', ['src/a.js', 'test/a.js', 'b.test.ts'], 'node --test b.test.ts test/a.js'],
  ])('chooses for %s', async (_, script, changedFiles, command) => {
    const files = { 'package.json': packageJson(script), ...Object.fromEntries(changedFiles.map((file) => [file, ''])) };
    expect(await affectedCommand({ command: 'npm test', changedFiles, ...texts(files) })).toBe(command);
  });

  it.each([
    ['pytest', 'python3 -m pytest -x', ['a.py', 'tests/test_a.py'], 'python3 -m pytest tests/test_a.py'],
    ['unittest', 'python3 -m unittest', ['tests/test_a.py'], 'python3 -m unittest tests/test_a.py'],
    ['go', 'go test -race ./...', ['sum/a.go', 'sum/b.go', 'main.go'], 'go test -race ./. ./sum'],
    ['cargo', 'cargo test --all', ['tests/whole.rs', 'src/lib.rs'], 'cargo test --all --test whole'],
    [
      'maven',
      'mvn -B test',
      ['core/src/test/java/a/SumsTest.java'],
      'mvn -B test -Dtest=a.SumsTest -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false',
    ],
    ['gradle', './gradlew test', ['src/test/kotlin/a/SumsTest.kt'], './gradlew test --tests a.SumsTest'],
    ['rspec', 'bundle exec rspec', ['lib/a.rb', 'spec/a_spec.rb'], 'bundle exec rspec spec/a_spec.rb'],
  ])('chooses for %s', async (_, command, changedFiles, affected) => {
    const files = Object.fromEntries(changedFiles.map((file) => [file, '']));
    expect(await affectedCommand({ command, changedFiles, ...texts(files) })).toBe(affected);
  });

  it.each([
    ['the runner is not known', 'make check', ['src/a.c']],
    ['no tests were changed', 'python3 -m pytest', ['a.py']],
    ['packages are chosen already', 'go test ./sum', ['sum/a.go']],
    ['a discovery takes no files', 'python3 -m unittest discover -s tests', ['tests/test_a.py']],
    ['the test is in a module of many', './gradlew test', ['core/src/test/kotlin/a/SumsTest.kt']],
    ['too much was changed', 'python3 -m pytest', Array.from({ length: 201 }, (_, index) => `test_${index}.py`)],
  ])('chooses nothing where %s', async (_, command, changedFiles) => {
    const files = Object.fromEntries(changedFiles.map((file) => [file, '']));
    expect(await affectedCommand({ command, changedFiles, ...texts(files) })).toBeUndefined();
  });

  it('leaves out files that the change has removed', async () => {
    const changedFiles = ['test_gone.py', 'test_there.py'];
    expect(await affectedCommand({ command: 'pytest', changedFiles, ...texts({ 'test_there.py': '' }) })).toBe('pytest test_there.py');
    expect(await affectedCommand({ command: 'pytest', changedFiles: ['test_gone.py'], ...texts({}) })).toBeUndefined();
  });

  it('names files from the folder where the command runs', async () => {
    const files = { 'web/package.json': packageJson('jest'), 'web/src/a.ts': '', 'api/b.ts': '' };
    const changedFiles = ['web/src/a.ts', 'api/b.ts'];
    expect(await affectedCommand({ command: 'npm test', changedFiles, workingDirectory: 'web', ...texts(files) })).toBe(
      'npm test -- --passWithNoTests --findRelatedTests src/a.ts',
    );
    expect(await affectedCommand({ command: 'cd web && npx jest', changedFiles, ...texts(files) })).toBe(
      'cd web && npx jest --passWithNoTests --findRelatedTests src/a.ts',
    );
  });
});

describe('the chosen command', () => {
  it('runs, in vitest, the tests that import what was changed, and passes where none does', async () => {
    await using sample = await project({
      'package.json': packageJson('vitest run'),
      'src/a.js': 'export const a = 1;',
      'src/b.js': 'export const b = 1;',
      'src/alone.js': '',
      'test/a.test.js': `import { expect, it } from 'vitest';\nimport { a } from '../src/a.js';\nit('is two', () => expect(a).toBe(2));`,
      'test/b.test.js': `import { expect, it } from 'vitest';\nimport { b } from '../src/b.js';\nit('is one', () => expect(b).toBe(1));`,
    });
    await lendPackages(sample);
    const affected = async (file: string): Promise<string> =>
      (await affectedCommand({ command: 'npm test', changedFiles: [file], ...filesOf(sample) })) ?? '';
    const result = await sample.check(await affected('src/a.js'));
    expect(result).toMatchObject({ passed: false, tests: [{ name: 'is two', file: 'test/a.test.js', passed: false }] });
    expect(await sample.check(await affected('src/alone.js'))).toMatchObject({ passed: true, tests: [] });
  });

  it('runs, with node, the test files that were changed', async () => {
    const file = (name: string): string => `import test from 'node:test';\ntest('${name}', () => {});`;
    await using sample = await project({ 'package.json': packageJson('node --test'), 'test/a.js': file('a'), 'test/b.js': file('b') });
    const command = await affectedCommand({ command: 'npm test', changedFiles: ['test/a.js'], ...filesOf(sample) });
    expect(await sample.check(command ?? '')).toMatchObject({ passed: true, tests: [{ name: 'a' }] });
  });

  it.skipIf(!goWorks)('runs, with go, the packages that were changed (needs go)', async () => {
    const file = (name: string): string => `package ${name}\n\nimport "testing"\n\nfunc TestIt(t *testing.T) {}\n`;
    await using sample = await project({ 'go.mod': 'module m\n\ngo 1.20\n', 'a/a_test.go': file('a'), 'b/b_test.go': file('b') });
    const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' };
    const command = await affectedCommand({ command: 'go test ./...', changedFiles: ['b/b_test.go'], ...filesOf(sample) });
    expect(await sample.check(command ?? '', { env })).toMatchObject({ passed: true, tests: [{ name: 'm/b.TestIt' }] });
  });
});
