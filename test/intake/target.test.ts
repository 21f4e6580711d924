import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseTarget } from '../../src/intake/target.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

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

  it.each(['Acme/Shop#7', 'local:acme/shop#7'])('takes %s as an issue of a repository, in lower case', async (text) => {
    expect(await parseTarget(text)).toEqual({ kind: 'issue', key: '7', repository: { owner: 'acme', name: 'shop' } });
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
    ['https://github.com/acme/shop/issues/1', 'invalid_input'],
  ])('refuses %j as %s', async (text, code) => {
    await expect(parseTarget(text)).rejects.toMatchObject({ name: 'BelayError', code });
  });
});
