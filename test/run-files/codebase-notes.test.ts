import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { localRepository } from '../../src/contracts/repository.ts';
import { commitsWithNotes, MAX_NOTES_BYTES, readNotes, writeNotes } from '../../src/run-files/codebase-notes.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const repository = localRepository('acme/shop');
const sha = (digit: number): string => digit.toString(16).padStart(40, '0');

test('notes are kept by commit, apart for each repository and each folder of a larger one', async () => {
  await using home = await temporaryDirectory();
  const place = { home: home.path, repository };
  await writeNotes({ ...place, sha: sha(1), text: 'old' });
  await writeNotes({ ...place, sha: sha(1), text: 'new' });
  await writeNotes({ ...place, workingDirectory: 'web', sha: sha(2), text: 'web' });
  expect(await commitsWithNotes(place)).toEqual([sha(1)]);
  expect(await readNotes({ ...place, sha: sha(1) })).toBe('new');
  expect(await readNotes({ ...place, sha: sha(2) })).toBeUndefined();
  expect(await commitsWithNotes({ ...place, workingDirectory: 'web' })).toEqual([sha(2)]);
  expect(await commitsWithNotes({ ...place, repository: localRepository('acme/other') })).toEqual([]);
});

test('long notes are cut at the end of a line', async () => {
  await using home = await temporaryDirectory();
  const place = { home: home.path, repository, sha: sha(1) };
  await writeNotes({ ...place, text: `${'é'.repeat(100)}\n`.repeat(100) });
  const kept = (await readNotes(place)) ?? '';
  expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(MAX_NOTES_BYTES);
  expect(kept.split('\n').at(-1)).toBe('é'.repeat(100));
  await writeNotes({ ...place, text: 'é'.repeat(10_000) });
  expect(await readNotes(place)).toBe('é'.repeat(MAX_NOTES_BYTES / 2));
});

test('of many commits only the newest notes are kept', async () => {
  await using home = await temporaryDirectory();
  const place = { home: home.path, repository };
  for (let commit = 1; commit <= 12; commit++) {
    await writeNotes({ ...place, sha: sha(commit), text: 'x' });
    const file = join(home.path, 'notes/local/acme/shop/root', `${sha(commit)}.md`);
    await utimes(file, commit, commit);
  }
  const kept = await commitsWithNotes(place);
  expect(kept).toHaveLength(10);
  expect(kept).toContain(sha(12));
  expect(kept).not.toContain(sha(1));
});

test('notes that a wrong clock dated in the future do not crowd out new ones', async () => {
  await using home = await temporaryDirectory();
  const place = { home: home.path, repository };
  const future = new Date('2096-01-01');
  for (let commit = 1; commit <= 10; commit++) {
    await writeNotes({ ...place, sha: sha(commit), text: 'x' });
    await utimes(join(home.path, 'notes/local/acme/shop/root', `${sha(commit)}.md`), future, future);
  }
  await writeNotes({ ...place, sha: sha(11), text: 'x' });
  expect(await commitsWithNotes(place)).toContain(sha(11));
});
