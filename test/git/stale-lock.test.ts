import { existsSync } from 'node:fs';
import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { outlivedLock } from '../../src/git/stale-lock.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const refusedBy = (lock: string) => ({
  exitCode: 128,
  stdout: '',
  stderr: `fatal: Unable to create '${lock}': File exists.`,
  truncated: false,
});

/** Time passes only while somebody waits; what happens meanwhile is the test's. */
function clock(meanwhile: (now: number) => Promise<void> = async () => {}) {
  let now = 0;
  return {
    now: () => now,
    wait: async (ms: number) => {
      now += ms;
      await meanwhile(now);
    },
  };
}

async function lockDated(at: Date) {
  const directory = await temporaryDirectory();
  const lock = join(directory.path, 'packed-refs.lock');
  await writeFile(lock, '');
  await utimes(lock, at, at);
  return { lock, gitDir: directory.path, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

const DATES = [
  ['long ago, as after a clock that jumped forward', new Date(0)],
  ['in the future, as after a clock that jumped back', new Date('2096-01-01')],
] as const;

test.each(DATES)('a lock dated %s is left to its owner, who is at work', async (_, date) => {
  await using at = await lockDated(date);
  const anothers = clock(async (now) => {
    if (now === 4_000) await rm(at.lock).then(() => writeFile(at.lock, 'the next owner'));
  });
  expect(await outlivedLock({ answer: refusedBy(at.lock), gitDir: at.gitDir, clock: anothers })).toBe(true);
  expect(existsSync(at.lock)).toBe(true);
});

test.each(DATES)('a lock dated %s is removed once nobody has moved it for long', async (_, date) => {
  await using at = await lockDated(date);
  const time = clock();
  expect(await outlivedLock({ answer: refusedBy(at.lock), gitDir: at.gitDir, clock: time })).toBe(true);
  expect({ there: existsSync(at.lock), now: time.now() }).toEqual({ there: false, now: 5_000 });
});

test('a lock outside of the repository, and an answer without one, are left alone', async () => {
  await using at = await lockDated(new Date(0));
  expect(await outlivedLock({ answer: refusedBy(at.lock), gitDir: join(at.gitDir, 'mirror'), clock: clock() })).toBe(false);
  expect(await outlivedLock({ answer: { ...refusedBy(at.lock), exitCode: 0 }, gitDir: at.gitDir, clock: clock() })).toBe(false);
  expect(existsSync(at.lock)).toBe(true);
});
