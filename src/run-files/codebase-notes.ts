import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { RepositoryRef } from '../contracts/repository.ts';
import { changedAt } from '../process/file-age.ts';
import { readIfThere } from '../process/read-if-there.ts';

/** More would crowd out the work itself in every prompt. */
export const MAX_NOTES_BYTES = 8 * 1024;
/** Of one repository; the oldest goes. */
const MAX_KEPT = 10;

export interface NotesPlace {
  home: string;
  repository: RepositoryRef;
  /** Of a larger repository; each has its own notes. */
  workingDirectory?: string | undefined;
}

/** Keeps what was learnt of a codebase at a commit, in place of what was known of it there. */
export async function writeNotes({ sha, text, ...place }: NotesPlace & { sha: string; text: string }): Promise<void> {
  const folder = notesFolder(place);
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(join(folder, `${sha}.md`), cut(text), { fsync: false });
  for (const old of (await byAge(folder)).slice(MAX_KEPT)) await rm(join(folder, old), { force: true });
}

/** The commits with notes, the newest notes first. */
export async function commitsWithNotes(place: NotesPlace): Promise<string[]> {
  return (await byAge(notesFolder(place))).map((name) => name.slice(0, -'.md'.length));
}

export async function readNotes({ sha, ...place }: NotesPlace & { sha: string }): Promise<string | undefined> {
  return readIfThere(join(notesFolder(place), `${sha}.md`));
}

function notesFolder({ home, repository: { forge, owner, name }, workingDirectory }: NotesPlace): string {
  const part = workingDirectory ? `part-${createHash('sha256').update(workingDirectory).digest('hex').slice(0, 12)}` : 'root';
  return join(home, 'notes', forge, owner, name, part);
}

async function byAge(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^[0-9a-f]{40,64}\.md$/.test(name));
  const aged = await Promise.all(names.map(async (name) => ({ name, at: await changedAt(join(folder, name)) })));
  return aged.toSorted((one, other) => other.at - one.at || one.name.localeCompare(other.name)).map(({ name }) => name);
}

/** By whole lines, as far as there are any. */
function cut(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_NOTES_BYTES) return text;
  const start = bytes
    .subarray(0, MAX_NOTES_BYTES)
    .toString()
    .replace(/\uFFFD$/, '');
  const end = start.lastIndexOf('\n');
  return end > 0 ? start.slice(0, end) : start;
}
