import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseTarget as parse } from '../../src/intake/target.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const parseTarget = (text: string) => parse(text, { gitHubHost: 'github.com' });

describe('parseTarget', () => {
  it('takes a file that is there as an issue file', async () => {
    await using folder = await temporaryDirectory();
    const file = join(folder.path, 'an issue.md');
    await writeFile(file, '# Mend it');
    expect(await parseTarget(file)).toEqual({ kind: 'file', path: file });
  });

  it.each(['12', '#12', '012'])('takes %s as the number of an issue', async (text) => {
    expect(await parseTarget(text)).toEqual({ kind: 'issue', key: '12' });
  });

  it.each(['local:Acme/Shop#7', 'local:acme/shop#07'])('takes %s as an issue of the local forge, in lower case', async (text) => {
    expect(await parseTarget(text)).toEqual({ kind: 'issue', key: '7', repository: { forge: 'local', owner: 'acme', name: 'shop' } });
  });

  it('takes the owner `local` as the local forge', async () => {
    expect(await parseTarget('local/shop#7')).toMatchObject({ repository: { forge: 'local', owner: 'local', name: 'shop' } });
  });

  it.each([
    'Acme/Shop#7',
    'github:acme/shop#7',
    'https://github.com/acme/shop/issues/7',
    'https://github.com/Acme/Shop/issues/7#issuecomment-1',
    'https://github.com/acme/shop/issues/7/?utm=1',
    'https://github.com/acme/shop.git#7',
    'git@github.com:acme/shop.git#7',
  ])('takes %s as an issue on GitHub', async (text) => {
    expect(await parseTarget(text)).toEqual({ kind: 'issue', key: '7', repository: { forge: 'github', owner: 'acme', name: 'shop' } });
  });

  it('knows the pages of a GitHub of one own', async () => {
    const target = await parse('https://git.example.com/acme/shop/issues/7', { gitHubHost: 'git.example.com' });
    expect(target).toMatchObject({ repository: { forge: 'github', owner: 'acme', name: 'shop' } });
  });

  it.each([
    ['https://github.com/acme/shop/pull/7', /is a pull request, not an issue/],
    ['https://gitlab.com/acme/shop/issues/7', /not the address of an issue that Belay can read/],
    ['https://github.com/acme/shop', /not the address of an issue/],
    ['https://github.com.evil.example/acme/shop/issues/7', /not the address of an issue/],
  ])('refuses %s and says what it reads', async (text, message) => {
    await expect(parseTarget(text)).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringMatching(message) });
  });

  it('takes text as the request itself, whatever is in it', async () => {
    const text = 'Mend $(rm -rf /) and {{plan}} in a/b.ts';
    expect(await parseTarget(text)).toEqual({ kind: 'request', text });
  });

  it.each([
    ['', 'issue_empty'],
    ['   ', 'issue_empty'],
    ['missing.md', 'issue_not_found'],
    ['some/folder/issue', 'issue_not_found'],
    ['x '.repeat(10_000), 'issue_too_large'],
  ])('refuses %j as %s', async (text, code) => {
    await expect(parseTarget(text)).rejects.toMatchObject({ name: 'BelayError', code });
  });
});
