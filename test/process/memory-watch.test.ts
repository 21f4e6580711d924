import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hostMemory } from '../../src/process/host-memory.ts';
import type { HostMemory } from '../../src/process/host-memory.ts';
import { createMemoryWatch } from '../../src/process/memory-watch.ts';
import type { MemoryWatchOptions } from '../../src/process/memory-watch.ts';
import { markedProcesses } from '../../src/process/process-table.ts';
import { createProcessTrees } from '../../src/process/process-trees.ts';
import type { IsolationName } from '../../src/process/isolation.ts';
import { availableIsolations } from '../support/isolations.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const ROOMY: HostMemory = { totalBytes: 10 * GIB, usedBytes: GIB };
const FULL: HostMemory = { totalBytes: 10 * GIB, usedBytes: 9 * GIB };

/** Fills so many megabytes, says so, and stays. */
const fill = (megabytes: number): string =>
  `const kept = Buffer.alloc(${megabytes} * 1048576, 1); console.log('filled ' + kept.length); setInterval(() => kept.fill(2, 0, 10), 1000);`;

async function openTrees(isolation: IsolationName, options: Partial<MemoryWatchOptions> = {}) {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryDirectory());
  const memory = stack.use(
    createMemoryWatch({
      hostShare: 0.8,
      workspaceBytes: 200 * MIB,
      host: 'this machine',
      everyMs: 50,
      onProblem: (error) => {
        throw error;
      },
      readHost: () => ROOMY,
      ...options,
    }),
  );
  const workspaceOf = (folder: string): string | undefined => folder.slice(path.length + 1) || undefined;
  const trees = stack.use(await createProcessTrees({ bootId: randomUUID(), isolation, graceMs: 100, bounds: { workspaceOf, memory } }));
  const kept = stack.move();
  const start = async (workspace: string, script: string) => {
    const cwd = join(path, workspace);
    await mkdir(cwd, { recursive: true });
    const mark = randomUUID();
    const ready = Promise.withResolvers<void>();
    const ended = trees
      .run({
        file: process.execPath,
        args: ['-e', script],
        cwd,
        env: { MEMORY_TEST: mark },
        onLine: () => ready.resolve(),
      })
      .then(
        ({ reason }) => reason,
        (error: unknown) => error,
      );
    return { ready: ready.promise, ended, alive: () => markedProcesses(`MEMORY_TEST=${mark}`) };
  };
  return { memory, trees, start, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Two that have less than the limit each, and more together. */
const twice = (megabytes: number): string =>
  `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(fill(megabytes))}], { stdio: 'inherit', detached: true }); ${fill(megabytes)}`;

describe.each(await availableIsolations())('the memory of workspaces kept by a %s', (isolation) => {
  it('is that of the whole tree: one that takes more than it may is ended with the reason, all of it', async () => {
    await using stage = await openTrees(isolation);
    const { ended, alive } = await stage.start('greedy', twice(120));
    expect(await ended).toMatchObject({ code: 'workspace_memory_exceeded', message: expect.stringContaining('200 MiB') });
    expect(await alive()).toEqual([]);
  });

  it('is counted for several trees of one workspace together, and not for others', async () => {
    await using stage = await openTrees(isolation);
    const one = await stage.start('shared', fill(120));
    await one.ready;
    const modest = await stage.start('modest', fill(20));
    const two = await stage.start('shared', fill(120));
    const exceeded = { code: 'workspace_memory_exceeded' };
    expect([await one.ended, await two.ended]).toMatchObject([exceeded, exceeded]);
    expect(await modest.alive()).not.toEqual([]);
    await stage.trees.killAll();
    expect(await modest.ended).toBe('cancelled');
  });
});

describe('a machine that runs short of memory', () => {
  it('has the newest workspace give way, then the next, and never the last', async () => {
    let now = ROOMY;
    await using stage = await openTrees('reaper', { readHost: () => now });
    const admitted = ['first', 'second', 'third'].map((workspace) => stage.memory.admit(workspace));
    // In another order than they were let in.
    const second = await stage.start('second', fill(1));
    const third = await stage.start('third', fill(1));
    const first = await stage.start('first', fill(1));
    await Promise.all([first.ready, second.ready, third.ready]);
    now = FULL;
    const reason = { code: 'host_memory_short', message: expect.stringContaining('9.0 of 10.0 GiB') };
    expect(await third.ended).toMatchObject(reason);
    expect(await second.alive()).not.toEqual([]);
    admitted[2]?.[Symbol.dispose]();
    expect(await second.ended).toMatchObject(reason);
    let looks = 0;
    const looked = Promise.withResolvers<void>();
    const count = now;
    now = {
      get totalBytes() {
        if (++looks > 20) looked.resolve();
        return count.totalBytes;
      },
      usedBytes: count.usedBytes,
    };
    await looked.promise;
    expect(await first.alive()).not.toEqual([]);
  });

  it('a moment’s peak ends nothing', async () => {
    let looks = 0;
    const looked = Promise.withResolvers<void>();
    const readHost = (): HostMemory => {
      if (++looks > 10) looked.resolve();
      return looks % 2 === 0 ? FULL : ROOMY;
    };
    await using stage = await openTrees('reaper', { readHost });
    for (const workspace of ['one', 'two']) stage.memory.admit(workspace);
    const one = await stage.start('one', fill(1));
    const two = await stage.start('two', fill(1));
    await looked.promise;
    for (const each of [one, two]) expect(await each.alive()).not.toEqual([]);
  });

  it('lets nobody more in, says why, and always has room for the first', () => {
    let now = FULL;
    using memory = createMemoryWatch({
      hostShare: 0.8,
      workspaceBytes: 2 * GIB,
      host: 'box',
      onProblem: () => {},
      readHost: () => now,
    });
    expect(memory.shortage()).toBeUndefined();
    using _first = memory.admit('first');
    expect(memory.shortage()).toBe('box has 9.0 of 10.0 GiB of memory in use, and one more workspace may need 2.0: more than 80 %.');
    now = { totalBytes: 10 * GIB, usedBytes: 5.9 * GIB };
    expect(memory.shortage()).toBeUndefined();
    now = { totalBytes: 10 * GIB, usedBytes: 6.1 * GIB };
    expect(memory.shortage()).toBeDefined();
  });
});

it('a machine knows how much memory it has, and how much of it is in use', () => {
  const { totalBytes, usedBytes } = hostMemory();
  expect(totalBytes).toBeGreaterThan(256 * MIB);
  expect(usedBytes).toBeGreaterThan(0);
  expect(usedBytes).toBeLessThan(totalBytes);
});
