import { expect, test } from 'vitest';
import { detectSetupCache } from '../../src/checks/detect-setup-cache.ts';

const detect = (command: string, described: object, more: string[] = ['package-lock.json']) =>
  detectSetupCache({
    commands: [command],
    files: ['package.json', ...more],
    readFile: async (path) => (path === 'package.json' ? JSON.stringify(described) : ''),
  });

test.each([
  ['npm ci', 'package-lock.json'],
  ['pnpm install --frozen-lockfile', 'pnpm-lock.yaml'],
  ['yarn install --immutable', 'yarn.lock'],
])('what `%s` makes by its lock file is shared', async (command, lock) => {
  expect(await detect(command, { dependencies: { a: '1' } }, [lock])).toEqual(['node_modules']);
});

test.each([
  ['another command', 'npm install', {}, undefined],
  ['a command that does more', 'npm ci && npm run build', {}, undefined],
  ['no lock file', 'npm ci', {}, []],
  ['scripts that run with it', 'npm ci', { scripts: { prepare: 'tsc' } }, undefined],
  ['a package of the repository itself', 'npm ci', { dependencies: { lib: 'file:./lib' } }, undefined],
  ['workspaces', 'npm ci', { workspaces: ['packages/*'] }, undefined],
])('with %s nothing is shared', async (_what, command, described, more) => {
  expect(await detect(command, described, more)).toEqual([]);
});

test('several commands may make anything', async () => {
  const files = ['package.json', 'package-lock.json'];
  expect(await detectSetupCache({ commands: ['npm ci', 'make'], files, readFile: async () => '{}' })).toEqual([]);
});
