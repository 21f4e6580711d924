import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash, randomUUID } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useHelper } from '../../src/git/helper.ts';
import type { UsedHelper } from '../../src/git/helper.ts';
import { markedProcesses } from '../../src/process/process-table.ts';
import { createProcessTrees } from '../../src/process/process-trees.ts';
import type { ProcessRequest } from '../../src/process/process-request.ts';
import type { ProcessTrees } from '../../src/process/process-trees.ts';
import { availableIsolations } from '../support/isolations.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const PATH = '/usr/local/bin:/usr/bin:/bin';
/** Stays until it is killed, deaf to SIGTERM, with a child that says `ready` when it is in a session of its own. */
const STUBBORN = 'trap "" TERM; setsid sh -c "echo ready; exec sleep 300" & while :; do sleep 300; done';

const shell = (script: string, rest: Partial<ProcessRequest> = {}): ProcessRequest => ({
  file: 'sh',
  args: ['-c', script],
  cwd: '/',
  env: { PATH },
  ...rest,
});

function newMark(): { env: Record<string, string>; alive: () => Promise<number[]> } {
  const value = randomUUID();
  return { env: { PATH, TREE_UNDER_TEST: value }, alive: () => markedProcesses(`TREE_UNDER_TEST=${value}`) };
}

const isolations = await availableIsolations();

const ways = isolations.flatMap((isolation) => [
  { isolation, by: 'this process' },
  { isolation, by: 'the helper' },
]);

describe.each(ways)('process trees kept by a $isolation and started by $by', ({ isolation, by }) => {
  let helper: UsedHelper | undefined;
  beforeAll(async () => {
    if (by === 'the helper') helper = await useHelper();
  });
  afterAll(() => helper?.[Symbol.asyncDispose]());
  const open = (graceMs = 100): Promise<ProcessTrees> =>
    createProcessTrees({ bootId: randomUUID(), isolation, graceMs, start: helper?.start });

  it('tells of lines in the context of who asked for them', async () => {
    await using trees = await open();
    const context = new AsyncLocalStorage<string>();
    const heard: unknown[] = [];
    await context.run('mine', () => trees.run(shell('echo one; sleep 0.1; echo two', { onLine: () => heard.push(context.getStore()) })));
    expect(heard).toEqual(['mine', 'mine']);
  });

  it('gives the child its input, folder and environment, and reports its output and exit code', async () => {
    await using folder = await temporaryDirectory();
    await using trees = await open();
    const lines: string[] = [];
    const end = await trees.run(
      shell('pwd; echo "$GREETING"; cat; echo oops >&2; exit 3', {
        cwd: folder.path,
        env: { PATH, GREETING: 'hello' },
        stdin: 'from input',
        onLine: (line, stream) => lines.push(`${stream}: ${line}`),
      }),
    );
    expect(end).toMatchObject({ exitCode: 3, reason: 'exited', stderrTail: 'oops\n', stdoutTail: `${folder.path}\nhello\nfrom input` });
    expect(lines.toSorted()).toEqual(['stderr: oops', 'stdout: from input', 'stdout: hello', `stdout: ${folder.path}`].toSorted());
  });

  it('ends the whole tree on cancel, a grandchild in another session and one deaf to SIGTERM included', async () => {
    await using trees = await open();
    const { env, alive } = newMark();
    const cancel = new AbortController();
    let before: Promise<number[]> | undefined;
    const onLine = (): void => {
      before = alive().finally(() => cancel.abort());
    };
    const end = await trees.run(shell(STUBBORN, { env, signal: cancel.signal, onLine }));
    expect(end.reason).toBe('cancelled');
    expect((await before)?.length).toBeGreaterThanOrEqual(2);
    expect(await alive()).toEqual([]);
  });

  it('lets the child finish its work within the grace after SIGTERM', async () => {
    await using trees = await open(20_000);
    const cancel = new AbortController();
    const script = 'trap "echo saved; exit 7" TERM; echo ready; while :; do sleep 0.02; done';
    const end = await trees.run(shell(script, { signal: cancel.signal, onLine: () => cancel.abort() }));
    expect(end).toMatchObject({ exitCode: 7, reason: 'cancelled', stdoutTail: 'ready\nsaved\n' });
  });

  it('ends when its child ends, and takes along the daemon that holds the output open', async () => {
    await using trees = await open();
    const { env, alive } = newMark();
    await using folder = await temporaryDirectory();
    // The child ends only when the daemon has left its session, or killing the group would be enough.
    const script = 'mkfifo away; setsid sh -c "echo yes > away; exec sleep 300" & read -r left < away; echo started';
    const end = await trees.run(shell(script, { env, cwd: folder.path }));
    expect(end).toMatchObject({ exitCode: 0, reason: 'exited', stdoutTail: 'started\n' });
    expect(await alive()).toEqual([]);
  });

  it('has ended all that was started when many trees end at once', async () => {
    await using trees = await open();
    await using folder = await temporaryDirectory();
    const { env, alive } = newMark();
    const one = (fifo: number) =>
      shell(`mkfifo ${fifo}; setsid sh -c "echo yes > ${fifo}; exec sleep 300" & read -r left < ${fifo}`, { env, cwd: folder.path });
    await Promise.all(Array.from({ length: 8 }, async (_, fifo) => trees.run(one(fifo))));
    expect(await alive()).toEqual([]);
  });

  it('ends a tree that says nothing for too long', async () => {
    await using trees = await open();
    const { env, alive } = newMark();
    const end = await trees.run(shell(STUBBORN, { env, idleMs: 150 }));
    expect(end).toMatchObject({ reason: 'stalled', stdoutTail: 'ready\n' });
    expect(await alive()).toEqual([]);
  });

  it('lets a tree that keeps talking live past the idle limit, up to the total limit', async () => {
    await using trees = await open();
    const end = await trees.run(shell('while :; do echo talk; sleep 0.05; done', { idleMs: 2000, totalMs: 2500 }));
    expect(end.reason).toBe('timed_out');
  });

  it('ends only the tree that is cancelled', async () => {
    await using trees = await open();
    const [first, second] = [newMark(), newMark()];
    const cancel = new AbortController();
    const cancelled = trees.run(shell(STUBBORN, { env: first.env, signal: cancel.signal, onLine: () => cancel.abort() }));
    const other = trees.run(shell('read line; echo "got $line"', { env: second.env, stdin: 'it\n' }));
    const lasting = new AbortController();
    const third = trees.run(shell(STUBBORN, { env: second.env, signal: lasting.signal }));
    expect((await cancelled).reason).toBe('cancelled');
    expect((await other).stdoutTail).toBe('got it\n');
    expect((await second.alive()).length).toBeGreaterThan(0);
    lasting.abort();
    expect((await third).reason).toBe('cancelled');
  });

  it('ends every tree when it is closed, and starts none afterwards', async () => {
    const { env, alive } = newMark();
    const trees = await open();
    const ready = Promise.withResolvers<void>();
    const run = trees.run(shell(STUBBORN, { env, onLine: () => ready.resolve() }));
    await ready.promise;
    await trees[Symbol.asyncDispose]();
    expect((await run).reason).toBe('cancelled');
    expect(await alive()).toEqual([]);
    await expect(trees.run(shell('true'))).rejects.toThrow('closed');
  });

  it('does not start what is cancelled already', async () => {
    await using folder = await temporaryDirectory();
    await using trees = await open();
    const end = await trees.run(shell('touch started', { cwd: folder.path, signal: AbortSignal.abort() }));
    expect(end).toMatchObject({ reason: 'cancelled', exitCode: null });
    await expect(readFile(join(folder.path, 'started'))).rejects.toThrow('ENOENT');
  });

  it('says when the program is not found, is a folder, or may not be run', async () => {
    await using folder = await temporaryDirectory();
    await using trees = await open();
    const plain = join(folder.path, 'plain');
    await writeFile(plain, '#!/bin/sh\n');
    await chmod(plain, 0o644);
    for (const file of ['no-such-program', folder.path, plain, './missing']) {
      expect((await trees.run(shell('', { file, cwd: folder.path }))).reason).toBe('not_found');
    }
  });

  it('rejects when the folder to work in is missing', async () => {
    await using trees = await open();
    await expect(trees.run(shell('true', { cwd: '/no/such/folder' }))).rejects.toThrow('/no/such/folder');
  });

  it('rejects with what the system says when it cannot start a program', async () => {
    await using trees = await open();
    await expect(trees.run(shell('true', { env: { PATH, HUGE: 'x'.repeat(4 * 1024 * 1024) } }))).rejects.toMatchObject({ code: 'E2BIG' });
  });

  it('delivers all of a big output, whole and in order', async () => {
    await using trees = await open();
    const hash = createHash('sha256');
    let lines = 0;
    const onLine = (line: string): void => {
      hash.update(`${line}\n`);
      lines++;
    };
    const end = await trees.run(shell('seq 1 400000', { onLine }));
    expect(end).toMatchObject({ exitCode: 0, reason: 'exited' });
    expect(lines).toBe(400_000);
    const expected = createHash('sha256').update(Array.from({ length: 400_000 }, (_, index) => `${index + 1}\n`).join(''));
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
  });

  it('ends the tree and rejects when the caller cannot take a line', async () => {
    await using trees = await open();
    const { env, alive } = newMark();
    const onLine = (): void => {
      throw new Error('cannot take it');
    };
    await expect(trees.run(shell(STUBBORN, { env, onLine }))).rejects.toThrow('cannot take it');
    expect(await alive()).toEqual([]);
  });
});

describe.runIf(isolations.includes('namespace'))('process trees kept by a namespace', () => {
  it('end before their run does, also what has left its session and its environment', async () => {
    await using trees = await createProcessTrees({ bootId: randomUUID(), isolation: 'namespace', graceMs: 100 });
    await using folder = await temporaryDirectory();
    const mark = `UNMARKED=${randomUUID()}`;
    const script = `mkfifo away; env -i ${mark} PATH=$PATH setsid sh -c "echo yes > away; exec sleep 300" & read -r left < away`;
    expect(await trees.run(shell(script, { cwd: folder.path }))).toMatchObject({ exitCode: 0, reason: 'exited' });
    expect(await markedProcesses(mark)).toEqual([]);
  });
});
