import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gitHubHost, gitUrlTemplate } from '../../src/github/address.ts';
import { tokenSource } from '../../src/github/token.ts';
import { scriptedGitHub } from '../support/scripted-github.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** A `gh` that is logged in where `token` is there, and notes how it was asked. */
async function gh(folder: string): Promise<NodeJS.ProcessEnv> {
  const path = join(folder, 'gh');
  await writeFile(path, `#!/bin/sh\necho "$@" >> '${folder}/asked'\ncat '${folder}/token'\n`);
  await chmod(path, 0o755);
  return { PATH: `${folder}:/bin:/usr/bin` };
}

test('the login of gh is used, for the host, once it is there, and until GitHub refuses it', async () => {
  await using folder = await temporaryDirectory();
  const env = await gh(folder.path);
  const source = tokenSource({ host: 'github.example.com', env });
  expect(await source.get()).toBeUndefined();
  await writeFile(join(folder.path, 'token'), 'gho_one\n');
  expect(await source.get()).toBe('gho_one');
  await writeFile(join(folder.path, 'token'), 'gho_two\n');
  expect(await source.get()).toBe('gho_one');
  source.forget();
  expect(await source.get()).toBe('gho_two');
  expect(new Set((await readFile(join(folder.path, 'asked'), 'utf8')).trim().split('\n'))).toEqual(
    new Set(['auth token --hostname github.example.com']),
  );
});

test('a given token wins, and nobody asks gh', async () => {
  await using folder = await temporaryDirectory();
  const env = await gh(folder.path);
  await writeFile(join(folder.path, 'token'), 'gho_one');
  expect(await tokenSource({ token: () => 'ghp_given', host: 'github.com', env }).get()).toBe('ghp_given');
});

test('a token that is changed is the one of the next call, and so is whose it is', async () => {
  const of = (id: number) => ({ json: { id } });
  await using github = await scriptedGitHub({ 'GET /user': [of(1), of(2)] });
  let token = 'ghp_first';
  const client = github.client({ token: () => token });
  expect([await client.viewer(), await client.viewer()]).toEqual([1, 1]);
  token = 'ghp_second';
  expect([await client.viewer(), await client.viewer()]).toEqual([2, 2]);
  expect(github.asked('GET /user').map(({ headers }) => headers.authorization)).toEqual(['Bearer ghp_first', 'Bearer ghp_second']);
});

test('there is no token where there is no gh', async () => {
  await using folder = await temporaryDirectory();
  expect(await tokenSource({ host: 'github.com', env: { PATH: folder.path } }).get()).toBeUndefined();
});

test.each([
  ['https://api.github.com', 'github.com', 'https://github.com/{owner}/{repo}.git'],
  ['https://api.acme.ghe.com/', 'acme.ghe.com', 'https://acme.ghe.com/{owner}/{repo}.git'],
  ['https://github.example.com/api/v3', 'github.example.com', 'https://github.example.com/{owner}/{repo}.git'],
  ['https://api.example.com/api/v3/', 'api.example.com', 'https://api.example.com/{owner}/{repo}.git'],
])('the git of %s is on its own server', (apiUrl, host, template) => {
  expect([gitHubHost(apiUrl), gitUrlTemplate(apiUrl)]).toEqual([host, template]);
});
