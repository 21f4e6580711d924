import { randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { useHelper } from '../../src/git/helper.ts';
import { hardenedGit } from '../../src/git/hardened-git.ts';
import { markedProcesses, processTable } from '../../src/process/process-table.ts';
import { createProcessTrees } from '../../src/process/process-trees.ts';
import { startTimeOf } from '../../src/process/start-time.ts';
import { eventually } from '../support/eventually.ts';
import { availableIsolations } from '../support/isolations.ts';
import { gitRemote } from '../support/git-remote.ts';

/** Git has its other side started by a shell, which notes who started git. */
async function parentOfGit({ folder, path }: { folder: string; path: string }): Promise<number> {
  const note = join(folder, 'parent');
  const git = hardenedGit({ cwd: path, gitDir: path });
  await git.attempt(['ls-remote', `--upload-pack=cut -d' ' -f4 /proc/$PPID/stat > '${note}'; :`, '--', path]);
  return Number(await readFile(note, 'utf8'));
}

test('git is started by another process, with the same answers', async () => {
  await using remote = await gitRemote({ files: { a: 'ä\n' } });
  expect(await parentOfGit(remote)).toBe(process.pid);
  await using _helper = await useHelper();
  expect(await parentOfGit(remote)).not.toBe(process.pid);
  const git = hardenedGit({ cwd: remote.path, gitDir: remote.path });
  expect(await git.run(['show', 'main:a'])).toBe('ä\n');
  expect(await git.attempt(['rev-parse', '--verify', '--quiet', 'refs/heads/none'])).toMatchObject({ exitCode: 1, stdout: '', stderr: '' });
  expect(await git.attempt(['show', 'main:a'], { maxBytes: 2 })).toMatchObject({ truncated: true, stdout: 'ä' });
  await expect(git.run(['no-such-command'])).rejects.toMatchObject({ code: 'git_failed' });
  await expect(hardenedGit({ cwd: join(remote.folder, 'missing') }).run(['version'])).rejects.toThrow('does not exist');
});

test('ends git with the reason of the signal', async () => {
  await using remote = await gitRemote({ files: { a: '1\n' } });
  await using _helper = await useHelper();
  const git = hardenedGit({ cwd: remote.path, gitDir: remote.path });
  const controller = new AbortController();
  const begun = join(remote.folder, 'begun');
  const waiting = git.run(['ls-remote', `--upload-pack=touch '${begun}'; cat >/dev/null; :`, '--', remote.path], {
    signal: controller.signal,
  });
  const ended = expect(waiting).rejects.toThrow('cancelled meanwhile');
  await vi.waitFor(() => stat(begun), { timeout: 30_000, interval: 5 });
  controller.abort(new Error('cancelled meanwhile'));
  await ended;
  await expect(git.run(['version'], { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
});

test('a killed helper fails what it worked on, and git goes on without it', async () => {
  await using remote = await gitRemote({ files: { a: '1\n' } });
  await using _helper = await useHelper();
  const helper = await parentOfGit(remote);
  const git = hardenedGit({ cwd: remote.path, gitDir: remote.path });
  const begun = join(remote.folder, 'begun');
  const waiting = git.run([
    'ls-remote',
    `--upload-pack=echo $$ > '${begun}.part'; mv '${begun}.part' '${begun}'; sleep 600; :`,
    '--',
    remote.path,
  ]);
  const ended = expect(waiting).rejects.toMatchObject({ code: 'helper_lost' });
  await vi.waitFor(() => stat(begun), { timeout: 30_000, interval: 5 });
  process.kill(helper, 'SIGKILL');
  await ended;
  // The step is tried again then: what git had begun does not go on beside it.
  expect(await startTimeOf(Number(await readFile(begun, 'utf8')))).toBeUndefined();
  expect(await parentOfGit(remote)).toBe(process.pid);
});

test('the helper ends when its last user does', async () => {
  await using remote = await gitRemote({ files: { a: '1\n' } });
  const [one, other] = [await useHelper(), await useHelper()];
  const helper = await parentOfGit(remote);
  await one[Symbol.asyncDispose]();
  expect(await parentOfGit(remote)).toBe(helper);
  await other[Symbol.asyncDispose]();
  await eventually(async () => expect(await readFile(`/proc/${helper}/stat`, 'utf8').catch(() => 'gone')).toBe('gone'));
  expect(await parentOfGit(remote)).toBe(process.pid);
});

test('a killed helper fails the trees that it had started, and ends them', async () => {
  const isolations = await availableIsolations();
  for (const isolation of isolations) {
    await using helper = await useHelper();
    await using trees = await createProcessTrees({ bootId: randomUUID(), isolation, start: helper.start });
    const mark = `TREE_UNDER_TEST=${randomUUID()}`;
    const parent = Promise.withResolvers<number>();
    const run = trees.run({
      file: 'sh',
      args: ['-c', 'setsid sleep 300 & echo started; exec sleep 300'],
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', TREE_UNDER_TEST: mark.split('=')[1] ?? '' },
      onLine: () => void helperOf(mark).then(parent.resolve, parent.reject),
    });
    const failed = expect(run).rejects.toMatchObject({ code: 'helper_lost' });
    process.kill(await parent.promise, 'SIGKILL');
    await failed;
    expect(await markedProcesses(mark)).toEqual([]);
  }
});

/** Of the marked processes, the one above the outermost. */
async function helperOf(mark: string): Promise<number> {
  const table = await processTable();
  const marked = await markedProcesses(mark);
  const outermost = table.find(({ pid, ppid }) => marked.includes(pid) && !marked.includes(ppid));
  return outermost?.ppid ?? Number.NaN;
}
