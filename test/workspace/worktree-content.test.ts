import { chmod, mkdir, readFile, rm, stat, symlink, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { WORKSPACE_KINDS } from '../../src/contracts/constants.ts';
import { openWorktree } from '../../src/workspace/worktree-content.ts';
import type { Worktree } from '../../src/workspace/worktree.ts';
import type { Files } from '../support/git-remote.ts';
import { checkoutAt, git } from '../support/git-remote.ts';
import { TEST_RUN as runId, testWorkspace } from '../support/test-workspace.ts';

describe.each(WORKSPACE_KINDS)('in a %s', (kind) => {
  const workspace = (files?: Files) => testWorkspace(kind, files);

  test('commits new, changed, deleted and renamed files on top of the last checkpoint; ignored files stay out', async () => {
    await using space = await workspace({ 'a.txt': 'one\n', 'b.txt': 'b\n', '.gitignore': 'dist/\n' });
    const { worktree, path, mirror, base, agent } = space;
    await agent.write({ 'a.txt': 'two\n', 'ü ö.txt': 'new\r\n', 'dist/out.js': 'x', '.ports.env': 'PORT=1\n', '.belay/plan.md': 'x' });
    await unlink(join(path, 'b.txt'));
    await symlink('a.txt', join(path, 'link'));
    const first = await worktree.checkpoint({ message: 'First' });
    expect(first.changed).toBe(true);
    expect(await space.changes(first.sha)).toEqual(['a.txt', 'b.txt', 'link', 'ü ö.txt']);
    expect(await mirror.readFile({ commit: first.sha, path: 'ü ö.txt' })).toBe('new\r\n');
    expect(await mirror.refSha(`refs/belay/${runId}/checkpoint`)).toBe(first.sha);
    await agent.write({ 'a.txt': 'three\n' });
    const second = await worktree.checkpoint({ message: 'Second' });
    expect(await git(mirror.gitDir, 'log', '--format=%s %P', `${base}..${second.sha}`)).toBe(`Second ${first.sha}\nFirst ${base}`);
    expect(await git(path, 'status', '--porcelain')).toBe('');
  });

  test('puts single files back, whatever stands in their place, and leaves the others', async () => {
    await using space = await workspace({ 'a.txt': 'one\n', 'folder/b.txt': 'b\n', 'c.txt': 'c\n', 'other.txt': 'other\n' });
    const { worktree, path, base, agent } = space;
    await rm(join(path, 'folder'), { recursive: true });
    await rm(join(path, 'c.txt'));
    await agent.write({ 'a.txt': 'two\n', folder: 'a file now\n', 'c.txt/d.txt': 'a folder now\n', 'other.txt': 'kept\n' });
    await symlink('/etc', join(path, 'link'));
    const tree = await worktree.treeHash();
    const changed = (await space.changes(tree)).filter((each) => each !== 'other.txt');
    expect(changed).toEqual(['a.txt', 'c.txt', 'c.txt/d.txt', 'folder', 'folder/b.txt', 'link']);
    await worktree.putBack({ commit: base, paths: changed });
    const { sha } = await worktree.checkpoint({ message: 'Rest' });
    expect(await space.changes(sha)).toEqual(['other.txt']);
    expect(await readFile(join(path, 'c.txt'), 'utf8')).toBe('c\n');
  });

  test('gives the old commit when nothing changed', async () => {
    await using space = await workspace();
    const { worktree, base, mirror } = space;
    expect(await worktree.checkpoint({ message: 'Nothing' })).toEqual({ sha: base, tree: await mirror.treeOf(base), changed: false });
  });

  test('sees a change of the same size within the same second, again and again', async () => {
    await using space = await workspace({ 'a.txt': '0000\n' });
    const { worktree, path, mirror } = space;
    for (let round = 1; round <= 12; round++) {
      await writeFile(join(path, 'a.txt'), `${String(round).padStart(4, '0')}\n`);
      const { sha, changed } = await worktree.checkpoint({ message: `Round ${round}` });
      expect({ changed, text: await mirror.readFile({ commit: sha, path: 'a.txt' }) }).toEqual({
        changed: true,
        text: `${String(round).padStart(4, '0')}\n`,
      });
      expect(await git(path, 'status', '--porcelain')).toBe('');
      await writeFile(join(path, 'a.txt'), `x${String(round).padStart(3, '0')}\n`);
      expect(await git(path, 'status', '--porcelain')).toBe(' M a.txt');
    }
  });

  test('takes in what an agent committed, staged, merged and hid', async () => {
    await using space = await workspace({ 'a.txt': 'one\n', 'b.txt': 'b\n', 'c.txt': 'c\n' });
    const { worktree, path, mirror, base, agent } = space;
    await agent.git('checkout', '--quiet', '-b', 'mine');
    await agent.commit({ 'd.txt': 'committed\n' });
    await agent.git('checkout', '--quiet', '-b', 'theirs', base);
    await agent.commit({ 'd.txt': 'otherwise\n' });
    await agent.git('merge', 'mine').catch(() => undefined);
    await agent.git('update-index', '--assume-unchanged', 'b.txt');
    await agent.git('update-index', '--skip-worktree', 'c.txt');
    await agent.write({ 'b.txt': 'hidden b\n', 'c.txt': 'hidden c\n', 'd.txt': 'resolved\n' });
    const { sha } = await worktree.checkpoint({ message: 'All of it' });
    expect(await space.changes(sha)).toEqual(['b.txt', 'c.txt', 'd.txt']);
    expect(await git(mirror.gitDir, 'rev-parse', `${sha}^`)).toBe(base);
    expect(await git(path, 'status', '--porcelain=v2', '--branch')).toBe(`# branch.oid ${sha}\n# branch.head (detached)`);
    await expect(stat(join(space.gitDir, 'MERGE_HEAD'))).rejects.toThrow('ENOENT');
  });

  test('brings the head back when an agent committed without changing more', async () => {
    await using space = await workspace();
    const { worktree, path, agent } = space;
    await agent.write({ 'new.txt': 'new\n' });
    const { sha } = await worktree.checkpoint({ message: 'New' });
    await agent.git('commit', '--quiet', '--allow-empty', '--message', 'Mine');
    expect(await worktree.checkpoint({ message: 'Again' })).toMatchObject({ sha, changed: false });
    expect(await git(path, 'rev-parse', 'HEAD')).toBe(sha);
  });

  test('works without the .git file and with a repository in its place', async () => {
    await using space = await workspace();
    const { worktree, path, agent } = space;
    await rm(join(path, '.git'), { recursive: true });
    await git(path, 'init', '--quiet');
    await agent.write({ 'a.txt': 'two\n' });
    expect(await space.changes((await worktree.checkpoint({ message: 'Two' })).sha)).toEqual(['a.txt']);
  });

  test('takes in the files of repositories that were made inside, with and without commits', async () => {
    await using space = await workspace();
    const { worktree, path, mirror } = space;
    for (const name of ['app one', 'app/two', 'app/two/three']) {
      await mkdir(join(path, name), { recursive: true });
      await git(join(path, name), 'init', '--quiet');
    }
    await checkoutAt(join(path, 'app one')).commit({ 'x.txt': 'x\n' });
    await checkoutAt(join(path, 'app/two/three')).write({ 'y.txt': 'y\n' });
    await checkoutAt(join(path, 'app/two')).write({ 'z.txt': 'z\n' });
    const { sha } = await worktree.checkpoint({ message: 'Apps' });
    expect(await space.changes(sha)).toEqual(['app one/x.txt', 'app/two/three/y.txt', 'app/two/z.txt']);
    expect(await mirror.readFile({ commit: sha, path: 'app one/x.txt' })).toBe('x\n');
    expect(await worktree.treeHash()).toBe(await mirror.treeOf(sha));
  });

  test('takes in repositories whatever their names hold, line breaks too', async () => {
    await using space = await workspace();
    const names = ['two\nlines', "it's\n", "end' does not have a commit checked out"];
    for (const name of names) {
      const nested = checkoutAt(join(space.path, name));
      await nested.write({ 'x.txt': 'x\n' });
      await git(nested.path, 'init', '--quiet');
    }
    await checkoutAt(join(space.path, 'two\nlines')).commit({ 'y.txt': 'y\n' });
    const { sha } = await space.worktree.checkpoint({ message: 'Odd' });
    const expected = ['two\nlines/y.txt', ...names.map((name) => `${name}/x.txt`)];
    expect((await space.changes(sha)).toSorted()).toEqual(expected.toSorted());
  });

  test('keeps files that are tracked although ignored, also when its index is lost', async () => {
    await using space = await workspace();
    const { worktree, path, agent, mirror, remote, worktrees } = space;
    const checkout = await remote.clone();
    await checkout.write({ '.gitignore': '*.log\n', 'kept.log': 'kept\n' });
    await checkout.git('add', '--force', 'kept.log');
    const sha = await checkout.commit({});
    await mirror.fetchCommit({ url: checkout.path, sha });
    await worktrees.prepare({ mirror, runId, kind, commit: sha });
    await rm(join(space.registration, 'belay-index'));
    await agent.write({ 'other.log': 'x' });
    expect(await worktree.checkpoint({ message: 'Nothing' })).toMatchObject({ sha, changed: false });
    expect(await readFile(join(path, 'kept.log'), 'utf8')).toBe('kept\n');
  });

  test('hashes the present content like the commit that would hold it', async () => {
    await using space = await workspace();
    const { worktree, path, mirror, base, agent } = space;
    expect(await worktree.treeHash()).toBe(await mirror.treeOf(base));
    await agent.write({ 'new.sh': '#!/bin/sh\n' });
    const plain = await worktree.treeHash();
    await chmod(join(path, 'new.sh'), 0o755);
    const executable = await worktree.treeHash();
    expect(new Set([plain, executable, await mirror.treeOf(base)]).size).toBe(3);
    expect((await worktree.checkpoint({ message: 'New' })).tree).toBe(executable);
  });

  test('takes turns when it is asked for several things at once', async () => {
    await using space = await workspace();
    const { worktree, worktrees, mirror, agent } = space;
    const same: Worktree = worktrees.at({ mirror, runId, kind });
    await agent.write({ 'new.txt': 'new\n' });
    const [first, second, hash] = await Promise.all([
      worktree.checkpoint({ message: 'One' }),
      same.checkpoint({ message: 'Two' }),
      same.treeHash(),
    ]);
    expect(second).toEqual({ ...first, changed: false });
    expect(hash).toBe(first.tree);
  });

  test('stops when somebody else moved the checkpoint', async () => {
    await using space = await workspace();
    const { worktree, mirror, base, agent } = space;
    await agent.write({ 'a.txt': 'two\n' });
    const update = mirror.updateRef;
    // Just before the swap, as a successor would.
    const racing = {
      ...mirror,
      updateRef: async (input: Parameters<typeof update>[0]) => {
        await update({
          ref: input.ref,
          sha: await mirror.commitTree({ tree: await mirror.treeOf(base), parents: [base], message: 'Theirs' }),
        });
        await update(input);
      },
    };
    await expect(openWorktree({ mirror: racing, path: worktree.path, runId, kind }).checkpoint({ message: 'Ours' })).rejects.toMatchObject({
      code: 'lease_lost',
    });
  });

  test('restores content, head and checkpoint; ignored files stay, others go, hidden changes too', async () => {
    await using space = await workspace({ 'a.txt': 'one\n', 'dir/b.txt': 'b\n', '.gitignore': 'dist/\n' });
    const { worktree, path, mirror, base, agent } = space;
    await agent.write({ 'a.txt': 'two\n', 'new.txt': 'new\n' });
    await worktree.checkpoint({ message: 'Two' });
    await agent.git('checkout', '--quiet', '-b', 'mine');
    await agent.git('update-index', '--skip-worktree', 'a.txt');
    await agent.write({
      'a.txt': 'three\n',
      'dist/out': 'built\n',
      '.ports.env': 'PORT=1\n',
      'untracked/x': 'x\n',
      'nested/y': 'y\n',
      '.gitignore': '*\n',
    });
    await git(join(path, 'nested'), 'init', '--quiet');
    await rm(join(path, 'dir'), { recursive: true });
    await writeFile(join(path, 'dir'), 'a file now');
    await worktree.restore(base);
    expect(await readFile(join(path, 'a.txt'), 'utf8')).toBe('one\n');
    expect(await readFile(join(path, 'dir/b.txt'), 'utf8')).toBe('b\n');
    expect(await git(path, 'status', '--porcelain=v2', '--branch', '--ignored')).toBe(
      `# branch.oid ${base}\n# branch.head (detached)\n! .ports.env\n! dist/`,
    );
    expect(await mirror.refSha(`refs/belay/${runId}/checkpoint`)).toBe(base);
    expect(await worktree.treeHash()).toBe(await mirror.treeOf(base));
  });

  test('restores a file that was changed to the same size and time', async () => {
    await using space = await workspace({ 'a.txt': 'one\n' });
    const { worktree, path, base } = space;
    const { atime, mtime } = await stat(join(path, 'a.txt'));
    await writeFile(join(path, 'a.txt'), 'two\n');
    await utimes(join(path, 'a.txt'), atime, mtime);
    await worktree.restore(base);
    expect(await readFile(join(path, 'a.txt'), 'utf8')).toBe('one\n');
  });

  test('runs nothing that an agent planted for git', async () => {
    await using space = await workspace({ 'a.txt': 'one\n', '.gitattributes': '* filter=trap diff=trap\n' });
    const { worktree, path, remote, base, agent } = space;
    const trap = join(remote.folder, 'trap');
    await agent.write({ 'trap.sh': `#!/bin/sh\ntouch '${trap}'\ncat\n` });
    await chmod(join(path, 'trap.sh'), 0o755);
    for (const key of ['filter.trap.clean', 'filter.trap.smudge', 'core.fsmonitor', 'diff.trap.textconv'])
      await agent.git('config', key, join(path, 'trap.sh'));
    await agent.git('config', 'core.worktree', remote.folder);
    await agent.git('config', 'extensions.worktreeConfig', 'true');
    await agent.write({ '.husky/post-index-change': `#!/bin/sh\ntouch '${trap}'\n`, 'a.txt': 'two\n' });
    await chmod(join(path, '.husky/post-index-change'), 0o755);
    await writeFile(join(space.gitDir, 'config.worktree'), `[core]\n\thooksPath = ${path}/.husky\n\tfsmonitor = ${path}/trap.sh\n`);
    await worktree.checkpoint({ message: 'Two' });
    await worktree.restore(base);
    await expect(stat(trap)).rejects.toThrow('ENOENT');
  });

  test('goes on from a commit with the files of a later one', async () => {
    await using space = await workspace();
    const { worktree, base, agent, mirror } = space;
    await agent.write({ 'new.txt': 'new\n' });
    const later = await worktree.checkpoint({ message: 'Later' });
    await worktree.startFrom(base);
    const again = await worktree.checkpoint({ message: 'Again' });
    expect(again).toMatchObject({ tree: later.tree, changed: true });
    expect(await mirror.parentsOf(again.sha)).toEqual([base]);
  });

  test('shows agents a clean status again after a step that changed nothing but what was staged', async () => {
    await using space = await workspace();
    const { worktree, path, agent, base } = space;
    await agent.git('rm', '--quiet', '--cached', 'a.txt');
    expect(await worktree.checkpoint({ message: 'Nothing' })).toMatchObject({ sha: base, changed: false });
    expect(await git(path, 'status', '--porcelain')).toBe('');
  });
});
