import { expect, test } from 'vitest';
import { loadConfig } from '../src/config.ts';

const load = (env: NodeJS.ProcessEnv) => loadConfig({ HOME: '/home/ada', ...env });

test('a private key may stand in one line', () => {
  const key = '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----';
  const inOneLine = key.replaceAll('\n', String.raw`\n`);
  for (const given of [key, inOneLine]) {
    expect(load({ GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY: given }).github.app?.key.current()).toBe(key);
  }
  expect(() => load({ GITHUB_APP_ID: '7', GITHUB_APP_PRIVATE_KEY: 'MIIE' })).toThrow('GITHUB_APP_PRIVATE_KEY is not usable');
});

test('the id of an app goes with its key', () => {
  expect(() => load({ GITHUB_APP_ID: '7' })).toThrow("GITHUB_APP_ID is '7': goes with GITHUB_APP_PRIVATE_KEY, or its file");
});

test.each(['acme', 'acme/shop/x', '*/shop', 'acme/shop,', 'local/shop', 'https://github.com/acme/shop'])(
  '%s names no repository',
  (list) => {
    expect(() => load({ BELAY_REPOSITORIES: list })).toThrow('must be a list, with commas between, of owner/name or owner/*');
  },
);
