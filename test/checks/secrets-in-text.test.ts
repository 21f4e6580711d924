import { expect, it } from 'vitest';
import { secretsIn } from '../../src/checks/secrets-in-text.ts';

const found = async (text: string, own: string[] = []): Promise<string[]> =>
  (await secretsIn(text, { own })).map(({ line, kind }) => `${line} ${kind}`);
/** Put together, so that no scanner takes this file for a leak. */
const joined = (...parts: string[]): string => parts.join('');

it('finds tokens, private keys and addresses with passwords, each with its line and its kind', async () => {
  const key = `${joined('-----BEGIN PRIVATE', ' KEY-----')}\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n'.repeat(6)}${joined('-----END PRIVATE', ' KEY-----')}`;
  expect(await found(`one\n${key}`)).toEqual(['2 PrivateKey']);
  expect(await found(`\n\n${joined('npm', '_', 'a1'.repeat(18))}`)).toEqual(['3 NPM_ACCESS_TOKEN']);
  expect(await found(joined('postgres://app:', 's3cr3tPassw0rd@db.prod.example.com/app'))).toEqual(['1 PostgreSQLConnection']);
});

it('finds the secrets of the installation whatever they look like, once', async () => {
  const token = joined('ghp', '_wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx');
  expect(await found(`a\nb ${token}\n`, [token])).toEqual(['2 a secret of this installation']);
  // Words are in texts that have nothing to do with it.
  expect(await found('as a password, in development', ['a', 'password', 'development'])).toEqual([]);
});

it('takes examples, databases of developers and files of programs for none', async () => {
  expect(await found('postgres://user:password@localhost:5432/db\nAKIAIOSFODNN7EXAMPLE\npassword = "hunter2"')).toEqual([]);
  expect(await found('\0 and hunter-2-hunter', ['hunter-2-hunter'])).toEqual(['1 a secret of this installation']);
  expect(await found(`\0${joined('npm', '_', 'a1'.repeat(18))}`)).toEqual([]);
});
