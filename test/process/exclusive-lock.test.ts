import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LockBusyError, acquireLock, lockHolder, tryLock } from '../../src/process/exclusive-lock.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const lockModule = new URL('../../src/process/exclusive-lock.ts', import.meta.url).href;

describe('the exclusive lock', () => {
  it('has one holder at a time and can be taken again after release', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'lock');
    const first = tryLock(path);
    expect(first).toBeDefined();
    expect(tryLock(path)).toBeUndefined();
    first?.[Symbol.dispose]();
    first?.[Symbol.dispose]();
    using second = tryLock(path);
    expect(second?.path).toBe(path);
  });

  it('names the holder when the wait is over', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'lock');
    using _held = tryLock(path);
    expect(lockHolder(path)?.pid).toBe(process.pid);
    const busy = acquireLock({ path, waitMs: 50 });
    await expect(busy).rejects.toThrow(LockBusyError);
    await expect(busy).rejects.toThrow(`process ${process.pid}`);
  });

  it('rejects a wait that is aborted with the reason', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'lock');
    using _held = tryLock(path);
    const abort = new AbortController();
    const waiting = acquireLock({ path, signal: abort.signal });
    abort.abort(new Error('no longer wanted'));
    await expect(waiting).rejects.toThrow('no longer wanted');
  });

  it('lets one in at a time when many wait', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'lock');
    let inside = 0;
    const visit = async (): Promise<number> => {
      using _lock = await acquireLock({ path });
      const met = ++inside;
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
      return met;
    };
    expect(await Promise.all(Array.from({ length: 8 }, visit))).toEqual(Array.from({ length: 8 }, () => 1));
  });

  it('is free once its holder was killed with SIGKILL, whatever the note says', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'lock');
    const hold = `import { tryLock } from ${JSON.stringify(lockModule)}; globalThis.lock = tryLock(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1e6);`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', hold], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    expect(tryLock(path)).toBeUndefined();
    const ended = once(holder, 'exit');
    holder.kill('SIGKILL');
    await ended;
    expect(lockHolder(path)?.pid).toBe(holder.pid);
    using lock = tryLock(path);
    expect(lock).toBeDefined();
  });

  it('says what is wrong when the folder is missing', () => {
    expect(() => tryLock('/no/such/folder/lock')).toThrow('unable to open');
  });
});
