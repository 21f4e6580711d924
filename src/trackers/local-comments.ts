import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { listNumbered, readDocument, writeDocument } from '../documents/files.ts';
import type { Comment } from './tracker.ts';

const commentRecord = z.looseObject({ marker: z.string().optional(), createdAt: z.string().optional(), updatedAt: z.string().optional() });

export interface CommentInput {
  /** The issue's file: its comments are beside it, in `<number>.comments/`. */
  issuePath: string;
  marker: string;
  body: string;
}

/** One comment per marker. The caller holds the folder's lock. */
export async function upsertComment({ issuePath, marker, body }: CommentInput): Promise<Comment> {
  const folder = issuePath.replace(/\.md$/, '.comments');
  await mkdir(folder, { recursive: true });
  const comments = await readComments(folder);
  const now = new Date().toISOString();
  const present = comments.find(({ data }) => data.marker === marker);
  const number = present?.number ?? (comments.at(-1)?.number ?? 0) + 1;
  const path = join(folder, `${number}.md`);
  await writeDocument(path, { schema: commentRecord, data: { createdAt: now, ...present?.data, marker, updatedAt: now }, body });
  return { id: String(number), body, url: path };
}

async function readComments(folder: string): Promise<{ number: number; data: z.infer<typeof commentRecord> }[]> {
  const comments = [];
  for (const { number, path } of await listNumbered(folder)) {
    const document = await readDocument(path, commentRecord);
    if (document) comments.push({ number, data: document.data });
  }
  return comments;
}
