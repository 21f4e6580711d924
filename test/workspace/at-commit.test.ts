import { chmod, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { WORKSPACE_KINDS } from '../../src/contracts/constants.ts';
import type { Checkout, Files } from '../support/git-remote.ts';
import { git } from '../support/git-remote.ts';
import { testWorkspace } from '../support/test-workspace.ts';

const CHANGES: Record<string, (input: { path: string; agent: Checkout }) => Promise<unknown>> = {
  'a new file': ({ agent }) => agent.write({ 'new.txt': 'new\n' }),
  'a new file in a new folder': ({ agent }) => agent.write({ 'folder/new.txt': 'new\n' }),
  'a changed file': ({ agent }) => agent.write({ 'a.txt': 'two\n' }),
  'a file changed to the same size and time': async ({ path }) => {
    const { atime, mtime } = await stat(join(path, 'a.txt'));
    await writeFile(join(path, 'a.txt'), 'two\n');
    await utimes(join(path, 'a.txt'), atime, mtime);
  },
  'a file hidden from git by a flag': async ({ agent }) => {
    await agent.git('update-index', '--skip-worktree', 'a.txt');
    await agent.write({ 'a.txt': 'two\n' });
  },
  'a deleted file': ({ path }) => unlink(join(path, 'a.txt')),
  'a file that may be run now': ({ path }) => chmod(join(path, 'a.txt'), 0o755),
  'a repository inside': ({ path }) => git(path, 'init', '--quiet', 'inside').then(() => writeFile(join(path, 'inside/x'), 'x')),
  'a commit of its own': ({ agent }) => agent.commit({}, 'Mine'),
};

describe.each(WORKSPACE_KINDS)('a %s', (kind) => {
  const workspace = (files?: Files) => testWorkspace(kind, files);

  test.each(Object.keys(CHANGES))('is not at its commit any more with %s', async (change) => {
    await using space = await workspace({ 'a.txt': 'one\n', '.gitignore': 'dist/\n' });
    const { worktree, base, agent, path } = space;
    await agent.write({ 'dist/ignored': 'x\n', '.ports.env': 'PORT=1\n' });
    expect(await worktree.isAt(base)).toBe(true);
    await CHANGES[change]?.({ path, agent });
    expect(await worktree.isAt(base)).toBe(false);
    await worktree.restore(base);
    expect(await worktree.isAt(base)).toBe(true);
  });

  test('is not at a commit that only its HEAD names', async () => {
    await using space = await workspace();
    const { worktree, base, agent, gitDir } = space;
    await agent.write({ 'a.txt': 'two\n' });
    const { sha } = await worktree.checkpoint({ message: 'Two' });
    expect([await worktree.isAt(sha), await worktree.isAt(base)]).toEqual([true, false]);
    await writeFile(join(gitDir, 'HEAD'), `${base}\n`);
    expect([await worktree.isAt(sha), await worktree.isAt(base)]).toEqual([false, false]);
  });
});
