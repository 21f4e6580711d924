import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { workingDirectory } from '../../src/workspace/working-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('a folder of the worktree is taken, and so is a link to one in it', async () => {
  await using folder = await temporaryDirectory();
  const root = join(folder.path, 'tree');
  await mkdir(join(root, 'packages/web'), { recursive: true });
  await symlink('web', join(root, 'packages/site'));
  expect(await workingDirectory({ root })).toBe(root);
  expect(await workingDirectory({ root, folder: 'packages/web' })).toBe(join(root, 'packages/web'));
  expect(await workingDirectory({ root, folder: 'packages/site' })).toBe(join(root, 'packages/site'));
});

test('one that is gone, is a file, or leads out of the worktree is refused', async () => {
  await using folder = await temporaryDirectory();
  const root = join(folder.path, 'tree');
  await mkdir(join(folder.path, 'tree-of-another/web'), { recursive: true });
  await mkdir(root);
  await writeFile(join(root, 'file'), '');
  await symlink('../tree-of-another/web', join(root, 'web'));
  await symlink('.', join(root, 'self'));
  const refused = (name: string) => workingDirectory({ root, folder: name });
  await expect(refused('gone')).rejects.toMatchObject({
    code: 'settings_invalid',
    message: expect.stringContaining('is no folder of the work'),
  });
  await expect(refused('file')).rejects.toMatchObject({ code: 'settings_invalid' });
  await expect(refused('web')).rejects.toMatchObject({ message: expect.stringContaining('leads out of the repository by a link') });
  await expect(refused('self')).rejects.toMatchObject({ code: 'settings_invalid' });
});
