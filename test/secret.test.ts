import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SECRET_NAMES } from '../src/config-secrets.ts';
import { loadConfig } from '../src/config.ts';
import { Secret } from '../src/secret.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const URL = 'postgres://ada:first@db.example.com/belay';

async function secretFile(text: string) {
  const folder = await temporaryDirectory();
  const file = join(folder.path, 'secret');
  await writeFile(file, `${text}\n`);
  return { file, write: (next: string) => writeFile(file, next), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

/** What a secret says to whoever watches it. */
function heardOf(secret: Secret): string[] {
  const heard: string[] = [];
  secret.watch({ onChange: (message) => heard.push(message), onProblem: (message) => heard.push(message) });
  return heard;
}

describe('a secret in a file', () => {
  test('has the value that the file has at the moment, and remembers those that it had', async () => {
    await using place = await secretFile('first');
    const secret = new Secret({ name: 'GITHUB_TOKEN', value: 'first', file: place.file });
    const heard = heardOf(secret);
    expect(secret.current()).toBe('first');
    await place.write('second\n');
    expect([secret.current(), secret.known(), heard]).toEqual([
      'second',
      ['first', 'second'],
      ['GITHUB_TOKEN has been read anew from its file'],
    ]);
  });

  test('is read anew where another file is put in its place', async () => {
    await using place = await secretFile('first');
    const secret = new Secret({ name: 'GITHUB_TOKEN', value: 'first', file: place.file });
    expect(secret.current()).toBe('first');
    await writeFile(`${place.file}.new`, 'other');
    await rename(`${place.file}.new`, place.file);
    expect(secret.current()).toBe('other');
  });

  test('stays as it was while the file is gone, empty or half written, which is said once', async () => {
    await using place = await secretFile('first');
    const usable = (text: string): string | undefined => (text.includes(' ') ? undefined : text);
    const secret = new Secret({ name: 'GITHUB_TOKEN', value: 'first', file: place.file, usable });
    const heard = heardOf(secret);
    await rm(place.file);
    expect([secret.current(), secret.current()]).toEqual(['first', 'first']);
    await place.write('');
    expect(secret.current()).toBe('first');
    await place.write('two words');
    expect(secret.current()).toBe('first');
    expect(heard).toEqual([expect.stringMatching(/^The file of GITHUB_TOKEN_FILE .* cannot be read: the value that it had is used on$/)]);
    await place.write('second');
    expect(secret.current()).toBe('second');
    await place.write('');
    expect(secret.current()).toBe('second');
    expect(heard.slice(1)).toEqual(['GITHUB_TOKEN has been read anew from its file', expect.stringContaining('is empty') as string]);
  });

  test('ends with its file where it is only for a while', async () => {
    await using place = await secretFile('old');
    const env = { HOME: '/home/ada', GITHUB_WEBHOOK_SECRET: 'new', GITHUB_WEBHOOK_SECRET_PREVIOUS_FILE: place.file };
    const { secrets } = loadConfig(env).triggers;
    const present = () => secrets.map((secret) => secret.current());
    expect(present()).toEqual(['new', 'old']);
    await place.write('');
    expect(present()).toEqual(['new', undefined]);
    await place.write('older');
    expect(present()).toEqual(['new', 'older']);
    await rm(place.file);
    expect(present()).toEqual(['new', undefined]);
    expect(loadConfig(env).triggers.secrets[1]?.current()).toBeUndefined();
  });

  test.each(SECRET_NAMES)('can be %s, and has to be what that variable may be', async (name) => {
    const [first, second] = valuesOf(name);
    await using place = await secretFile(first);
    const config = loadConfig({ HOME: '/home/ada', [`${name}_FILE`]: place.file });
    expect(config.warnings).toEqual([]);
    expect(config.secrets[name]?.current()).toBe(first);
    await place.write(second);
    expect(config.secrets[name]?.current()).toBe(second);
    if (name.endsWith('_PREVIOUS')) return;
    await place.write('');
    expect(config.secrets[name]?.current()).toBe(second);
    expect(loadConfig({ HOME: '/home/ada', [`${name}_FILE`]: place.file }).warnings).toEqual([
      `The file that ${name}_FILE names is empty: ${name} counts as unset.`,
    ]);
  });
});

function valuesOf(name: string): [string, string] {
  if (name === 'BELAY_DATABASE_URL') return [URL, URL.replace('first', 'second')];
  if (name === 'BELAY_NOTIFY_URL') return ['https://a.example.com/1', 'https://b.example.com/2'];
  if (name === 'GITHUB_APP_PRIVATE_KEY') return [pem('AAAA'), pem('BBBB')];
  return ['first', 'second'];
}

const pem = (text: string): string => `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----`;
