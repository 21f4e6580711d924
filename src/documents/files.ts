import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import writeFileAtomic from 'write-file-atomic';
import type { z } from 'zod';
import { checkShape, joinFrontMatter, parseFrontMatter, parseYaml } from './front-matter.ts';
import type { TextSource } from './front-matter.ts';

/** People edit these files; a broken one waits for its mending. */
const source = (path: string): TextSource => ({ name: path, code: 'forge_file_invalid', hint: `Mend ${path} by hand, then try again.` });

/** A Markdown file with front matter; undefined where there is none. */
export async function readDocument<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<{ data: z.output<Schema>; body: string } | undefined> {
  const text = await readText(path);
  return text === undefined ? undefined : parseFrontMatter(text, schema, source(path));
}

export interface DocumentContent<Schema extends z.ZodType<Record<string, unknown>>> {
  schema: Schema;
  data: z.input<Schema>;
  body: string;
}

/** Replaces the file at once: a reader sees the old text or the new one. Its folder must exist. Nothing is written that could not be read. */
export async function writeDocument<Schema extends z.ZodType<Record<string, unknown>>>(
  path: string,
  { schema, data, body }: DocumentContent<Schema>,
): Promise<void> {
  const checked = checkShape(data, schema, { name: `what was to be written to ${path}`, code: 'invalid_input' });
  await writeFileAtomic(path, joinFrontMatter(checked, body));
}

/** A YAML file; undefined where there is none. */
export async function readYaml<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema> | undefined> {
  const text = await readText(path);
  return text === undefined ? undefined : checkShape(parseYaml(text, source(path)), schema, source(path));
}

/** The documents of a folder by the number they are named by, lowest first: `1.md`, `2.md`. */
export async function listNumbered(folder: string): Promise<{ number: number; path: string }[]> {
  const names = await readNames(folder);
  return names
    .map((name) => ({ number: Number(/^([1-9]\d*)\.md$/.exec(name)?.[1]), path: join(folder, name) }))
    .filter(({ number }) => Number.isSafeInteger(number))
    .toSorted((a, b) => a.number - b.number);
}

/** More open files at once than this would take descriptors from the agents' pipes. */
const AT_ONCE = 16;

/** Of these documents, those that have the word in their text: a run asks among all that were ever written, and parsing takes the longest. */
export async function withWord<T extends { path: string }>(documents: readonly T[], word: string): Promise<T[]> {
  // YAML writes others in more than one way.
  if (!/^[\p{L}\p{N}_./@+ -]+$/u.test(word)) return [...documents];
  const has = await pLimit(AT_ONCE).map(documents, async ({ path }) => (await readText(path))?.includes(word) ?? false);
  return documents.filter((_, index) => has[index]);
}

/** The names in a folder; none where there is no such folder. */
export async function readNames(folder: string): Promise<string[]> {
  return (await orUndefined(readdir(folder))) ?? [];
}

async function readText(path: string): Promise<string | undefined> {
  return orUndefined(readFile(path, 'utf8'));
}

async function orUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    throw error;
  }
}
